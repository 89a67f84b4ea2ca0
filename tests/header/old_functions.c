/* A shared library with the twelve names that the oldest hubs look up, and nothing else. They are
 * looked up and never called. */
#define NAME(name) \
  void name(void); \
  void name(void) {}
NAME(w_Begin)
NAME(w_End)
NAME(w_ReserveID)
NAME(w_Load)
NAME(w_Unload)
NAME(w_HasHook)
NAME(w_CallHook)
NAME(w_HookName)
NAME(w_CallName)
NAME(w_pack)
NAME(w_unpack)
NAME(w_LogLevel)
