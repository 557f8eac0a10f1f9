"""Films of this machine on their way to Rekognition, which reads them from S3 only: uploaded, and deleted again.

Rule: an object is named by its content, and notes beside it say which items of which jobs need it. So uploading twice
does no harm, what is there tells itself whose it is, and who takes the last note away deletes the film.
"""
