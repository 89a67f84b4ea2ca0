"""Every function of `vh`: what the stub, the reference and its own signature say, and what it does."""

import ast
import inspect
import os
import re
import types

import vh

STUB = os.environ["VH_STUB"]
REFERENCE = os.environ["VH_REFERENCE"]


def parameters(arguments):
    """Names of a function's parameters in the stub, with those that may be left out."""
    names = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    optional = set(names[len(names) - len(arguments.defaults) :])
    return [(name, name in optional) for name in names]


def of_stub():
    with open(STUB, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            # The first of several overloads has all that may be given.
            found.setdefault(node.name, parameters(node.args))
    return found


def of_reference():
    with open(REFERENCE, encoding="utf-8") as file:
        text = file.read()
    rows = re.findall(r"^\| (`\w+\(.*?\)`(?:, `\w+\(.*?\)`)*) \|", text, re.MULTILINE)
    found = {}
    for signature in (one for row in rows for one in re.findall(r"`(\w+\(.*?\))`", row)):
        node = ast.parse(f"def {signature}: pass").body[0]
        if not node.name.startswith("On"):
            found[node.name] = parameters(node.args)
    return found


def of_module():
    found = {}
    for name, value in vars(vh).items():
        if isinstance(value, (types.BuiltinFunctionType, types.MethodType)):
            named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            found[name] = [
                (parameter.name, parameter.default is not parameter.empty)
                for parameter in inspect.signature(value).parameters.values()
                if parameter.kind in named
            ]
    return found


def refusal(called, **given):
    """What a TypeError of a call says."""
    try:
        called(**given)
    except TypeError as error:
        return str(error)
    except Exception:
        pass  # It got as far as the hub, which has nothing, or refused a value.
    return ""


class Nothing:
    """A value that no function takes."""


def faults(name, known):
    """What a function does that its signature does not say."""
    function = getattr(vh, name)
    names = [parameter for parameter, _ in known]
    unknown = re.compile("no argument named|unexpected keyword")
    for parameter in names:
        if unknown.search(refusal(function, **{parameter: Nothing()})):
            yield f"{name}() does not take {parameter}= by its name"
    given = {parameter: Nothing() for parameter in names}
    if unknown.search(refusal(function, **given)):
        yield f"{name}() does not take all its arguments by their names"
    takes_any = name == "on_unload"
    if not takes_any and not unknown.search(refusal(function, **given, nonsense=1)):
        yield f"{name}() takes an argument that it has not"
    required = [parameter for parameter, optional in known if not optional]
    if required and not refusal(function):
        yield f"{name}() can be called without {required[0]}"


def use():
    stub, reference, module = of_stub(), of_reference(), of_module()
    wrong = []
    for place, found in (("the stub", stub), ("the reference", reference)):
        for name in sorted(found.keys() | module.keys()):
            if found.get(name) != module.get(name):
                wrong.append(f"{name}: {place} says {found.get(name)}, it is {module.get(name)}")
    for name, known in module.items():
        wrong += faults(name, known)
    if len(module) < 60:
        wrong.append(f"only {len(module)} functions were found")
    if wrong:
        raise AssertionError("\n".join(wrong))
    return len(module)
