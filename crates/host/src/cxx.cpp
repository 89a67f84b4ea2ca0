// What only C++ can do: making JSON of a vector of strings for the hub's plugin, reading and
// deleting a vector of strings that the hub hands over, and catching what the hub throws.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "vh_python_wrapper.h"

namespace {

// The text of what a call throws, from malloc; NULL when it throws nothing.
template <typename Call>
char *ThrownBy(Call call) {
  try {
    call();
  } catch (const std::exception &exception) {
    return strdup(exception.what());
  } catch (...) {
    return strdup("something that is no std::exception");
  }
  return nullptr;
}

}  // namespace

extern "C" {
// In cxx.rs. The result is from malloc and NUL-terminated; NULL when there is no memory.
char *vh_json_of_texts(std::size_t count, const char *const *texts, const std::size_t *lengths);

std::size_t vh_vector_size(const void *vector) {
  return static_cast<const std::vector<std::string> *>(vector)->size();
}

const char *vh_vector_text(const void *vector, std::size_t index, std::size_t *length) {
  const std::string &text = (*static_cast<const std::vector<std::string> *>(vector))[index];
  *length = text.size();
  return text.data();
}

// Calls a function of the host. A C++ exception must not pass through Rust: `thrown` receives the
// text of one, from malloc, and the result is NULL.
w_Targs *vh_call_host(w_Tcallback function, int id, w_Targs *args, char **thrown) {
  w_Targs *result = nullptr;
  if (char *text = ThrownBy([&] { result = function(id, args); })) *thrown = text;
  return result;
}

// The same for a function with data of its own; an exception becomes its failure.
w_Targs *vh_call_host_function(w_Tfunction function, void *user, int id, w_Targs *args,
                               w_Tfailure *failure) {
  w_Targs *result = nullptr;
  if (char *text = ThrownBy([&] { result = function(user, id, args, failure); })) {
    failure->message = text;
  }
  return result;
}

// The same for the sink of the log: NULL, or the text of what it threw, from malloc.
char *vh_call_sink(w_TlogSink sink, int level, int script, const char *message, void *user) {
  return ThrownBy([&] { sink(level, script, message, user); });
}

// The same for who hears events of a back end.
char *vh_call_event(w_Tevent handler, void *user, int backend, const char *event,
                    const char *json) {
  return ThrownBy([&] { handler(user, backend, event, json); });
}

// The same for who takes data back.
char *vh_call_release(w_Trelease release, void *user) {
  return ThrownBy([&] { release(user); });
}

void vh_vector_delete(void *vector) { delete static_cast<std::vector<std::string> *>(vector); }
}

namespace vh {

// Exported by cxx.rs as nVerliHub::nPythonPlugin::stringListToJson: linked into one program with a
// hub, a function of that name here would collide with the hub's own.
std::string string_list_to_json(const std::vector<std::string> &list) {
  std::vector<const char *> texts;
  std::vector<std::size_t> lengths;
  texts.reserve(list.size());
  lengths.reserve(list.size());
  for (const std::string &text : list) {
    texts.push_back(text.data());
    lengths.push_back(text.size());
  }
  char *json = vh_json_of_texts(list.size(), texts.data(), lengths.data());
  std::string result = json ? json : "[]";
  std::free(json);
  return result;
}

}  // namespace vh
