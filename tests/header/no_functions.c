/* A shared library that is no libvh_python_wrapper.so at all. */
int vh_no_functions;
