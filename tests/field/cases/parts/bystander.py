# A script that has nothing to do with the other one, for cases in which two would be in the way
# of each other because `main` shares modules.
def check():
    return "ok"
