"""Facts as people see them: the page, the terminal's lines, the workbook, the thumbnails.

Rule: nothing is counted here; views show what `reports.facts` gives.
"""
