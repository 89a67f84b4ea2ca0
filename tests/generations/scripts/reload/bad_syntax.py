# Does not compile.
def broken(:
