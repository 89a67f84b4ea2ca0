// Stands for Verlihub: loads the plugin that the argument names, and prints which wrapper that
// loads.
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char** arguments) {
  void* plugin = count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
  const char* (*load_wrapper)(void) = NULL;
  if (plugin) *(void**)&load_wrapper = dlsym(plugin, "load_wrapper");
  const char* file = load_wrapper ? load_wrapper() : NULL;
  if (!file) {
    const char* reason = dlerror();
    fprintf(stderr, "hub: no wrapper: %s\n", reason ? reason : "usage: hub PLUGIN");
    return 1;
  }
  puts(file);
  return 0;
}
