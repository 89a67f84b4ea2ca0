/* The variadic functions of the interface: C reads the va_list, Rust (variadic.rs) decides.
 *
 * rustc keeps symbols of linked C code out of a cdylib's exports, so these have names of their own
 * and variadic.rs exports the public ones as jumps to them. */

#include "vh_python_wrapper.h"

w_Targs *vh_new_block(const char *format, size_t *count);
int vh_unpack_check(const w_Targs *args, const char *format);
void vh_unpack_one(const w_Targs *args, const char *format, int index, void *destination);

w_Targs *vh_vapack(const char *format, va_list arguments) {
  size_t count;
  w_Targs *block = vh_new_block(format, &count);
  if (!block) return NULL;
  for (w_Telement *element = block->args; element < block->args + count; ++element) {
    switch (element->type) {
      case 'l':
        element->l = va_arg(arguments, long);
        break;
      case 'd':
        element->d = va_arg(arguments, double);
        break;
      default:
        element->p = va_arg(arguments, void *);
        break;
    }
  }
  return block;
}

w_Targs *vh_pack(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  w_Targs *block = vh_vapack(format, arguments);
  va_end(arguments);
  return block;
}

int vh_unpack(w_Targs *args, const char *format, ...) {
  int count = vh_unpack_check(args, format);
  if (count < 0) return 0;
  va_list destinations;
  va_start(destinations, format);
  for (int index = 0; index < count; ++index)
    vh_unpack_one(args, format, index, va_arg(destinations, void *));
  va_end(destinations);
  return 1;
}
