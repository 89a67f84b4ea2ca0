# A script that has nothing to do with the other one, for cases in which two would be in each other's
# way because `main` shares modules.
def check():
    return "ok"
