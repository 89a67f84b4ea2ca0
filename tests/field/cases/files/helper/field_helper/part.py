value = "x"
