/* The variadic functions of the interface. Only C can read a va_list, so the usual way is all here;
 * what is unusual, Rust decides (variadic.rs).
 *
 * rustc keeps symbols of linked C code out of a cdylib's exports, so these have names of their own
 * and variadic.rs exports the public ones as jumps to them. */

#include <stdatomic.h>
#include <stdlib.h>

#include "vh_python_wrapper.h"

/* Whatever its letter, a value has the size of a pointer, and but for 'd' is passed like one. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(double) == sizeof(void *), "LP64");

/* For each byte whether it is a letter of block formats. NULL until Rust lets this code go its own
 * way; it asks for the table at each call up to then. */
__attribute__((visibility("hidden"))) _Atomic(const _Bool *) vh_letters;

/* The table, or NULL after a fault of the library. */
__attribute__((cold)) const _Bool *vh_ask_for_letters(void);
/* Says what is wrong with a format given to w_pack. */
__attribute__((cold)) void vh_refuse_format(const char *format);
/* The element the values start at, or -1 when the block does not fit the format. */
int vh_unpack_from(const w_Targs *args, const char *format);

static inline const _Bool *known_letters(void) {
  const _Bool *letters = atomic_load_explicit(&vh_letters, memory_order_acquire);
  return letters ? letters : vh_ask_for_letters();
}

/* A block with room for the format and its elements, or NULL. */
static inline w_Targs *new_block(const char *format) {
  const _Bool *letters = known_letters();
  if (!letters) return NULL;
  size_t count = 0;
  while (format && letters[(unsigned char)format[count]]) ++count;
  if (!format || format[count]) {
    vh_refuse_format(format);
    return NULL;
  }
  const size_t tail = sizeof(w_Targs) + count * sizeof(w_Telement);
  w_Targs *block = malloc(tail + count + 1);
  if (!block) return NULL;
  char *copy = (char *)block + tail;
  copy[count] = 0;
  block->format = copy;
  return block;
}

static inline w_Targs *pack(const char *format, va_list arguments) {
  w_Targs *block = new_block(format);
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

w_Targs *vh_vapack(const char *format, va_list arguments) { return pack(format, arguments); }

w_Targs *vh_pack(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  w_Targs *block = pack(format, arguments);
  va_end(arguments);
  return block;
}

/* How many letters a format has that is exactly the block's own, else -1. */
static inline int same_format(const w_Targs *args, const char *format) {
  const _Bool *letters = atomic_load_explicit(&vh_letters, memory_order_acquire);
  if (!letters || !args || !args->format || !format) return -1;
  const char *own = args->format;
  int count = 0;
  for (const w_Telement *element = args->args; format[count]; ++count, ++element) {
    const char letter = format[count];
    if (letter != own[count] || letter != element->type || !letters[(unsigned char)letter])
      return -1;
  }
  return own[count] ? -1 : count;
}

/* For a format with optional values, or an unusual one. */
__attribute__((cold, noinline)) static int unpack_other(const w_Targs *args, const char *format,
                                                        va_list destinations) {
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
  const int count = same_format(args, format);
  for (int index = 0; index < count; ++index) {
    void **destination = va_arg(destinations, void **);
    if (destination) *destination = args->args[index].p;
  }
  if (count < 0) done = unpack_other(args, format, destinations);
  va_end(destinations);
  return done;
}
