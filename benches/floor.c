/* The floor of each row; see floor.h. */
#define PY_SSIZE_T_CLEAN
#include "floor.h"

#include <Python.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct floor_script {
  PyThreadState *state;
  PyObject *namespace;
};

struct floor_function {
  PyThreadState *state;
  PyObject *object;
};

/* This thread's thread state of the main interpreter. */
static PyThreadState *main_state;
static w_Tcallback get_user_class;

_Noreturn static void fail(const char *reason) {
  fprintf(stderr, "vh_bench: the floor fails: %s\n", reason);
  if (PyErr_Occurred()) PyErr_Print();
  _exit(2);
}

static void *checked(void *pointer, const char *what) {
  if (!pointer) fail(what);
  return pointer;
}

static void enter_main(void) {
  if (!Py_IsInitialized()) {
    Py_InitializeEx(0);
    main_state = PyThreadState_Get();
    return;
  }
  if (!main_state) {
    main_state = checked(PyThreadState_New(PyInterpreterState_Main()), "no thread state");
  }
  PyEval_RestoreThread(main_state);
}

static char *read_file(const char *path) {
  FILE *file = checked(fopen(path, "rb"), path);
  if (fseek(file, 0, SEEK_END) != 0) fail(path);
  const long length = ftell(file);
  char *text = checked(calloc((size_t)length + 1, 1), "no memory");
  rewind(file);
  if (fread(text, 1, (size_t)length, file) != (size_t)length) fail(path);
  fclose(file);
  return text;
}

static PyObject *compile(const char *path) {
  char *source = read_file(path);
  PyObject *code = checked(Py_CompileString(source, path, Py_file_input), "a script is not Python");
  free(source);
  return code;
}

/* vh.GetUserClass(nick): leave, call the hub's function, come back. */
static PyObject *call_get_user_class(PyObject *self, PyObject *const *args, Py_ssize_t count) {
  (void)self;
  if (count != 1) return PyErr_Format(PyExc_TypeError, "one argument is needed");
  const char *nick = PyUnicode_AsUTF8(args[0]);
  if (!nick) return NULL;
  struct {
    const char *format;
    w_Telement nick;
  } block = {"s", {.type = 's', .s = (char *)nick}};
  PyThreadState *state = PyEval_SaveThread();
  w_Targs *result = get_user_class(0, (w_Targs *)&block);
  PyEval_RestoreThread(state);
  if (!result) Py_RETURN_NONE;
  const long value = result->args[0].l;
  free(result);
  return PyLong_FromLong(value);
}

static PyMethodDef get_user_class_method = {
    "GetUserClass", (PyCFunction)(void (*)(void))call_get_user_class, METH_FASTCALL, NULL};

static void add_vh(void) {
  PyObject *vh = PyImport_AddModule("vh");
  PyObject *function = PyCFunction_New(&get_user_class_method, NULL);
  if (!vh || !function || PyObject_SetAttrString(vh, "GetUserClass", function) != 0) {
    fail("no module vh");
  }
  Py_DECREF(function);
}

static floor_script *open_script(const char *path, w_Tcallback callback) {
  floor_script *script = checked(malloc(sizeof *script), "no memory");
  get_user_class = callback;
  enter_main();
  if (!Py_NewInterpreter()) fail("no new interpreter");
  add_vh();
  script->namespace = PyModule_GetDict(checked(PyImport_AddModule("__main__"), "no __main__"));
  PyObject *code = compile(path);
  PyObject *done = PyEval_EvalCode(code, script->namespace, script->namespace);
  Py_DECREF(checked(done, "a script raised"));
  Py_DECREF(code);
  script->state = PyEval_SaveThread();
  return script;
}

static void end_interpreter(PyThreadState *state) {
  Py_EndInterpreter(state);
#if PY_VERSION_HEX < 0x030C0000
  PyThreadState_Swap(main_state);
#else
  PyEval_RestoreThread(main_state);
#endif
}

static void close_script(floor_script *script) {
  PyEval_RestoreThread(script->state);
  end_interpreter(script->state);
  PyEval_SaveThread();
  free(script);
}

static floor_function *find(floor_script *script, const char *name) {
  floor_function *function = checked(malloc(sizeof *function), "no memory");
  PyEval_RestoreThread(script->state);
  function->state = script->state;
  function->object = checked(PyDict_GetItemString(script->namespace, name), name);
  PyEval_SaveThread();
  return function;
}

static PyObject *call(floor_function *function, PyObject **arguments, size_t count) {
  PyObject *result = PyObject_Vectorcall(function->object, arguments, count, NULL);
  for (size_t i = 0; i < count; ++i) Py_DECREF(arguments[i]);
  return checked(result, "a function raised");
}

static void finish_with_int(PyObject *result) {
  if (PyLong_AsLong(result) == -1) fail("a function did not return a positive int");
  Py_DECREF(result);
}

static void call_texts(floor_function *function, const char *const *texts, int count, long times) {
  PyObject *arguments[8];
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    for (int i = 0; i < count; ++i) arguments[i] = PyUnicode_FromString(texts[i]);
    finish_with_int(call(function, arguments, (size_t)count));
    PyEval_SaveThread();
  }
}

static void call_float(floor_function *function, double number, long times) {
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    PyObject *argument = PyFloat_FromDouble(number);
    finish_with_int(call(function, &argument, 1));
    PyEval_SaveThread();
  }
}

static void call_int(floor_function *function, long number, long times) {
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    PyObject *argument = PyLong_FromLong(number);
    finish_with_int(call(function, &argument, 1));
    PyEval_SaveThread();
  }
}

static void call_nothing(floor_function *function, long times) {
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    Py_DECREF(call(function, NULL, 0));
    PyEval_SaveThread();
  }
}

static void call_ints(floor_function *function, long left, long right, long times) {
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    PyObject *arguments[] = {PyLong_FromLong(left), PyLong_FromLong(right)};
    finish_with_int(call(function, arguments, 2));
    PyEval_SaveThread();
  }
}

static void call_text(floor_function *function, const char *text, long times) {
  while (times-- > 0) {
    PyEval_RestoreThread(function->state);
    PyObject *argument = PyUnicode_FromString(text);
    PyObject *result = call(function, &argument, 1);
    Py_ssize_t length;
    const char *utf8 = checked((void *)PyUnicode_AsUTF8AndSize(result, &length), "no text");
    char *copy = checked(malloc((size_t)length + 1), "no memory");
    memcpy(copy, utf8, (size_t)length + 1);
    Py_DECREF(result);
    PyEval_SaveThread();
    free(copy);
  }
}

static void load(const char *path, long times) {
  enter_main();
  while (times-- > 0) {
    PyThreadState *state = checked(Py_NewInterpreter(), "no new interpreter");
    Py_DECREF(compile(path));
    end_interpreter(state);
  }
  PyEval_SaveThread();
}

static void keep_interpreters(int count) {
  while (count-- > 0) {
    enter_main();
    checked(Py_NewInterpreter(), "no new interpreter");
    PyEval_SaveThread();
  }
}

const floor_api *vh_floor(void) {
  static const floor_api api = {
      .python = PY_VERSION,
      .open = open_script,
      .close = close_script,
      .find = find,
      .call_texts = call_texts,
      .call_float = call_float,
      .call_int = call_int,
      .call_nothing = call_nothing,
      .call_ints = call_ints,
      .call_text = call_text,
      .load = load,
      .keep_interpreters = keep_interpreters,
  };
  return &api;
}
