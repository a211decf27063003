// What gcc's crtbeginS.o gives to a shared library, and zig does not: with it, what the library registers with
// atexit() is its own, and is run when it is unmapped. Without it, it would be jumped to at the end of the
// process, when it is no longer there.
extern void __cxa_finalize(void *);

__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;

__attribute__((destructor)) static void unmapped(void) {
  __cxa_finalize(__dso_handle);
}
