"""What people look at: outcomes become tables, and tables become pages, summaries and workbooks.

Rule: everything here is derived from the job's folder and can be deleted and built again.
"""
