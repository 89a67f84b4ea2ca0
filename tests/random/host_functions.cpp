#include "host_functions.hpp"

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "blocks.hpp"

struct FunctionData {
  Registered what = Registered::kNumber;
  bool may_go = false;
  // What it fails with, as the host says it, and what the script then gets.
  const char* exception = nullptr;
  const char* message = nullptr;
  const char* raised = "RuntimeError";
};

namespace {

long data_out = 0;
long misuses = 0;
// Of those that do not come back.
std::vector<std::unique_ptr<FunctionData>> kept;

struct Failure {
  const char* exception;
  const char* raised;
};
constexpr Failure kFailures[] = {
    {nullptr, "RuntimeError"},
    {"ValueError", "ValueError"},
    {"KeyError", "KeyError"},
    {"OSError", "OSError"},
    {"", "RuntimeError"},
    {"SystemExit", "RuntimeError"},
    {"GeneratorExit", "RuntimeError"},
    {"print", "RuntimeError"},
    {"\xff\xc3", "RuntimeError"},
};

w_Targs* Run(Registered what, int id, w_Targs* args) {
  switch (what) {
    case Registered::kNumber:
      return IntResult(1000 + id);
    case Registered::kArguments:
      return args;
    case Registered::kNothing:
      return nullptr;
    case Registered::kMalformed:
      return NewBlock("lx");
    case Registered::kThrowing:
      throw std::runtime_error("thrown by the host");
  }
  return nullptr;
}

template <Registered what>
w_Targs* RunPlain(int id, w_Targs* args) {
  return Run(what, id, args);
}

w_Targs* RunOwner(void* user, int id, w_Targs* args, w_Tfailure* failure) {
  const auto* data = static_cast<const FunctionData*>(user);
  if (data->what == Registered::kNothing) {
    if (data->exception) failure->exception = strdup(data->exception);
    if (data->message) failure->message = strdup(data->message);
  }
  return Run(data->what, id, args);
}

// Really gone, so that the sanitizers see whoever uses it afterwards.
void Release(void* user) {
  auto* data = static_cast<FunctionData*>(user);
  if (!data->may_go) ++misuses;
  --data_out;
  delete data;
}

std::string DescribeFloat(double value) {
  unsigned long bits;
  std::memcpy(&bits, &value, sizeof bits);
  char text[24];
  std::snprintf(text, sizeof text, "f%016lx", bits);
  return text;
}

// What a script gets back of the one number it passes to this format.
std::string Returned(char letter, long number) {
  switch (letter) {
    case 'd':
      return DescribeFloat(static_cast<double>(number));
    case 'p':
      return number ? "i" + std::to_string(number) : "n";
    default:
      return "i" + std::to_string(number);
  }
}

}  // namespace

void HostFunction::MayGo() const {
  if (data && is_given_back) data->may_go = true;
}

std::string HostFunction::Answer(int id, long number) const {
  if (has_format && (format.size() != 1 || std::strchr("sL", format[0]))) return "TypeError";
  switch (what) {
    case Registered::kNumber:
      return "i" + std::to_string(1000 + id);
    case Registered::kArguments:
      return Returned(has_format ? format[0] : 'l', number);
    case Registered::kNothing:
      return data ? data->raised : "n";
    case Registered::kMalformed:
      return "ValueError";
    case Registered::kThrowing:
      return data ? "RuntimeError" : "n";
  }
  return "";
}

w_Tcallback HostFunction::callback() const {
  static const w_Tcallback kFunctions[] = {
      &RunPlain<Registered::kNumber>, &RunPlain<Registered::kArguments>,
      &RunPlain<Registered::kNothing>, &RunPlain<Registered::kMalformed>,
      &RunPlain<Registered::kThrowing>};
  return kFunctions[static_cast<int>(what)];
}

HostFunction RandomOwner(Dice& dice) {
  static const char kLetters[] = {'l', 's', 'd', 'p', 'L', 'D', 'O'};
  static const char kOthers[] = {'x', '|', 't', ' ', '\x01', '\xff'};
  const Failure& failure = dice.Pick(kFailures);
  HostFunction function;
  function.what = static_cast<Registered>(dice.Below(5));
  function.data = new FunctionData{function.what, false, failure.exception,
                                   dice.OneIn(2) ? nullptr : "why \xff", failure.raised};
  function.is_given_back = !dice.OneIn(4);
  if (function.is_given_back) {
    ++data_out;
  } else {
    kept.emplace_back(function.data);
  }
  function.has_format = !dice.OneIn(4);
  for (int length = dice.OneIn(2) ? 1 : dice.Below(5); length > 0; --length) {
    function.format += dice.OneIn(12) ? dice.Pick(kOthers) : dice.Pick(kLetters);
  }
  return function;
}

w_Tfunction OwnerFunction() { return &RunOwner; }
w_Trelease OwnerRelease() { return &Release; }

long DataOut() { return data_out; }
long TakeMisuses() { return std::exchange(misuses, 0); }
