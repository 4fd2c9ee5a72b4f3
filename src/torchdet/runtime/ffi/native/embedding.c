/* Python inside a host of another language: torchdet_open starts it and finds the functions.
 *
 * The functions are ctypes callbacks. Each takes the interpreter's lock for its own call, so that any
 * thread of the host may call at any time once torchdet_open has returned.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdio.h>
#include <string.h>

#include "torchdet.h"

static char open_error[1024];

static int failed(const char *what) {
    PyObject *type = NULL, *value = NULL, *trace = NULL, *text = NULL;
    const char *said = NULL;
    PyErr_Fetch(&type, &value, &trace);
    if (value != NULL && (text = PyObject_Str(value)) != NULL) said = PyUnicode_AsUTF8(text);
    snprintf(open_error, sizeof open_error, "%s: %s", what, said != NULL ? said : "unknown error");
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    PyErr_Clear();
    return -1;
}

static int start_python(const char *python) {
    PyConfig config;
    PyStatus status;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0; /* they belong to the host */
    status = PyStatus_Ok();
    if (python != NULL) status = PyConfig_SetBytesString(&config, &config.program_name, python);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (!PyStatus_Exception(status)) return 0;
    snprintf(open_error, sizeof open_error, "Python does not start: %s",
             status.err_msg != NULL ? status.err_msg : "unknown error");
    return -1;
}

static int find_functions(void) {
    PyObject *module = PyImport_ImportModule("torchdet.runtime.ffi.c_abi");
    if (module == NULL) return failed("torchdet cannot be imported");
    for (int i = 0; names[i] != NULL; i++) {
        PyObject *address = PyObject_CallMethod(module, "address_of", "s", names[i]);
        if (address == NULL) return failed(names[i]);
        functions[i] = PyLong_AsVoidPtr(address);
        Py_DECREF(address);
    }
    return 0; /* the module stays: it holds the functions */
}

int torchdet_open(const char *python) {
    open_error[0] = '\0';
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        int result = find_functions();
        PyGILState_Release(state);
        return result;
    }
    if (start_python(python) != 0) return -1;
    int result = find_functions();
    PyEval_SaveThread(); /* or no other thread could ever call */
    return result;
}

const char *torchdet_open_error(void) { return open_error; }
