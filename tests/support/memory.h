/* Memory of this process, for the programs that measure its growth. */
#ifndef VH_SUPPORT_MEMORY_H
#define VH_SUPPORT_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Resident memory in KB. */
static inline long resident_kb(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  long pages = 0;
  if (!file || fscanf(file, "%*s %ld", &pages) != 1) {
    perror("cannot read /proc/self/statm");
    exit(2);
  }
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#endif
