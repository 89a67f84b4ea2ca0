// Stands for Verlihub's Python plugin: loads the first of the files whose names are compiled into
// it (TRIES), as that does, and says which it was.
#include <dlfcn.h>
#include <stddef.h>

const char* load_wrapper(void) {
  static const char* const files[] = {TRIES};
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
    if (dlopen(files[i], RTLD_LAZY | RTLD_GLOBAL)) return files[i];
  }
  return NULL;
}
