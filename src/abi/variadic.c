/* The variadic functions of the interface. Only C can read a va_list, so the usual cases are
 * handled here; Rust decides the others (variadic.rs).
 *
 * rustc keeps symbols of linked C code out of a cdylib's exports, so these functions have names of
 * their own, and variadic.rs exports the public ones as jumps to them. */

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vh_python_wrapper.h"

/* Whatever its letter, a value has the size of a pointer, and all but 'd' are passed like one. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(double) == sizeof(void *), "LP64");
/* So a place for 'l' that is not aligned for a long can only be an int; see is_an_int. */
_Static_assert(_Alignof(long) == sizeof(long) && _Alignof(int) < _Alignof(long), "LP64");

/* Tells for each byte whether it is a letter of block formats. NULL until Rust lets this code
 * handle the usual cases alone; up to then it asks for the table at each call. */
__attribute__((visibility("hidden"))) _Atomic(const _Bool *) vh_letters;

/* The table, or NULL after a fault of the library. */
__attribute__((cold)) const _Bool *vh_ask_for_letters(void);
/* Says what is wrong with a format given to w_pack. */
__attribute__((cold)) void vh_refuse_format(const char *format);
/* The number of the element with which the values start, or -1 when the block does not fit. */
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

/* How many letters the format has if it is exactly the block's own, else -1. */
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

/* Hubs have an int where 'l' is read, with a pointer just above it: writing eight bytes there would
 * break the pointer. So a place that is not aligned for a long gets four bytes. An int that begins
 * where a long could cannot be recognised, but then no pointer begins in the upper half of that
 * long. Another int may, and therefore places that are not aligned are written last. */
static inline int is_an_int(void **destination) {
  return ((uintptr_t)destination & (_Alignof(long) - 1)) != 0;
}

/* Fills the places that are aligned, or those that are not, which are ints or members of packed
 * structures. */
static void fill(int aligned, const w_Telement *element, const char *own, const char *format,
                 va_list destinations) {
  const w_Telement absent = {0};
  for (; *format; ++format) {
    if (*format == '|') continue;
    void **destination = va_arg(destinations, void **);
    /* Both formats have the same letters, but the block's own may end earlier. */
    const w_Telement *value = *own ? element++ : &absent;
    if (*own) ++own;
    if (!destination || is_an_int(destination) == aligned) continue;
    memcpy(destination, &value->p, !aligned && *format == 'l' ? sizeof(int) : sizeof(void *));
  }
}

/* For a format with optional values or an unusual one, and for ints. */
__attribute__((cold, noinline)) static int unpack_other(const w_Targs *args, const char *format,
                                                        va_list destinations) {
  const int first = vh_unpack_from(args, format);
  if (first < 0) return 0;
  va_list again;
  va_copy(again, destinations);
  fill(1, args->args + first, args->format + first, format, destinations);
  fill(0, args->args + first, args->format + first, format, again);
  va_end(again);
  return 1;
}

int vh_unpack(w_Targs *args, const char *format, ...) {
  va_list destinations;
  va_start(destinations, format);
  const int count = same_format(args, format);
  if (count < 0) goto other;
  for (const w_Telement *element = args->args, *end = element + count; element != end; ++element) {
    void **destination = va_arg(destinations, void **);
    if (is_an_int(destination)) goto other;
    if (destination) *destination = element->p;
  }
  va_end(destinations);
  return 1;

other:
  /* From the first one on again. */
  va_end(destinations);
  va_start(destinations, format);
  const int done = unpack_other(args, format, destinations);
  va_end(destinations);
  return done;
}
