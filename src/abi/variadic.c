/* The variadic functions of the interface: C reads the va_list, Rust (variadic.rs) decides.
 *
 * rustc keeps symbols of linked C code out of a cdylib's exports, so these have names of their own
 * and variadic.rs exports the public ones as jumps to them. */

#include "vh_python_wrapper.h"

/* Whatever its letter, a value has the size of a pointer, and but for 'd' is passed like one. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(double) == sizeof(void *), "LP64");

/* A block with room for the format and its elements, or NULL. */
w_Targs *vh_new_block(const char *format);
/* How many letters a format has that is exactly the block's own, else -1. */
int vh_same_format(const w_Targs *args, const char *format);
/* The element the values start at, or -1 when the block does not fit the format. */
int vh_unpack_from(const w_Targs *args, const char *format);

w_Targs *vh_vapack(const char *format, va_list arguments) {
  w_Targs *block = vh_new_block(format);
  if (!block) return NULL;
  char *copy = (char *)block->format;
  for (w_Telement *element = block->args; *format; ++format, ++element) {
    element->type = *copy++ = *format;
    if (*format == 'd') {
      element->d = va_arg(arguments, double);
    } else {
      element->p = va_arg(arguments, void *);
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

/* For a format with optional values, or an unusual one. */
static int unpack_other(const w_Targs *args, const char *format, va_list destinations) {
  const int first = vh_unpack_from(args, format);
  if (first < 0) return 0;
  const char *own = args->format + first;
  const w_Telement *element = args->args + first;
  for (; *format; ++format) {
    if (*format == '|') continue;
    void **destination = va_arg(destinations, void **);
    /* Both formats have the same letters, but that the block's own may end before. */
    void *value = NULL;
    if (*own) {
      value = element++->p;
      ++own;
    }
    if (destination) *destination = value;
  }
  return 1;
}

int vh_unpack(w_Targs *args, const char *format, ...) {
  int done = 1;
  va_list destinations;
  va_start(destinations, format);
  const int count = vh_same_format(args, format);
  for (int index = 0; index < count; ++index) {
    void **destination = va_arg(destinations, void **);
    if (destination) *destination = args->args[index].p;
  }
  if (count < 0) done = unpack_other(args, format, destinations);
  va_end(destinations);
  return done;
}
