// A module of the old kind: made in one phase, with a type and a reference in static variables.
#include <Python.h>

static PyObject* dumps;

typedef struct {
  PyObject ob_base;
  PyObject* value;
} Kept;

static void kept_dealloc(PyObject* self) {
  Py_CLEAR(((Kept*)self)->value);
  Py_TYPE(self)->tp_free(self);
}

static PyTypeObject kept_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "vh_static.Kept",
    .tp_basicsize = sizeof(Kept),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = kept_dealloc,
};

static PyObject* text_of(PyObject* module, PyObject* value) {
  (void)module;
  Kept* kept = PyObject_New(Kept, &kept_type);
  if (!kept) return NULL;
  Py_INCREF(value);
  kept->value = value;
  PyObject* text = PyObject_CallFunctionObjArgs(dumps, kept->value, NULL);
  Py_DECREF(kept);
  return text;
}

static PyMethodDef methods[] = {{"text_of", text_of, METH_O, NULL}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "vh_static", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_vh_static(void) {
  PyObject* json = PyImport_ImportModule("json");
  if (!json) return NULL;
  dumps = PyObject_GetAttrString(json, "dumps");
  Py_DECREF(json);
  if (!dumps || PyType_Ready(&kept_type) < 0) return NULL;
  PyObject* module = PyModule_Create(&definition);
  if (!module) return NULL;
  Py_INCREF(&kept_type);
  if (PyModule_AddObject(module, "Kept", (PyObject*)&kept_type) < 0) return NULL;
  return module;
}
