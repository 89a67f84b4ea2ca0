// The hub of a test: table, records, answers and script files.
#include "fake_hub.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace {

FakeHub* current_hub = nullptr;

template <int Slot>
w_Targs* Callback(int script, w_Targs* args) {
  return current_hub->Receive(Slot, script, args);
}

template <int... Slots>
w_Tcallback CallbackFor(int slot, std::integer_sequence<int, Slots...>) {
  static const w_Tcallback callbacks[] = {&Callback<Slots>...};
  return callbacks[slot];
}

w_Tcallback CallbackFor(int slot) {
  return CallbackFor(slot, std::make_integer_sequence<int, W_MAX_CALLBACKS>{});
}

// The slots old hubs keep empty: what the generations are recognised by.
bool IsLeftover(const std::string& callback) {
  return callback == "SQLQuery" || callback == "SQLFetch" || callback == "SQLFree";
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::filesystem::path NewFolder() {
  std::string pattern = testing::TempDir() + "vh-test-XXXXXX";
  if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make the folder " + pattern);
  return pattern;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Generation generation) {
  const char* const names[] = {"classic", "bidirectional", "python3", "unknown"};
  return out << names[static_cast<int>(generation)];
}

int HookNumber(const std::string& name) {
  for (int number = 0; number < kHookCount; ++number) {
    if (name == kHooks[number].name) return number;
  }
  throw std::out_of_range("no hook is called " + name);
}

std::string EvaluateSource() { return ReadFile(VH_SUPPORT_FOLDER "/evaluate.py"); }

FakeHub::FakeHub(Generation generation) : generation_(generation), config_folder_(NewFolder()) {
  if (current_hub) throw std::logic_error("a test has one hub at a time");
  current_hub = this;
  std::filesystem::create_directory(config_folder_ / "scripts");
  FillTable();
  EXPECT_EQ(1, Lib().w_Begin(table_.data()));
  Lib().w_LogLevel(kDefaultLogLevel);
}

FakeHub::~FakeHub() {
  EXPECT_EQ(1, Lib().w_End());
  Lib().w_LogLevel(kDefaultLogLevel);
  std::filesystem::remove_all(config_folder_);
  current_hub = nullptr;
}

void FakeHub::FillTable() {
  for (const SlotRow& row : kSlots) {
    const int slot = SlotOf(row.name);
    if (slot < 0) continue;
    names_[slot] = row.name;
    if (!IsLeftover(row.name)) table_[slot] = CallbackFor(slot);
  }
  if (generation_ != Generation::kUnknown) return;
  for (int slot = 0; slot < W_MAX_CALLBACKS; ++slot) table_[slot] = CallbackFor(slot);
}

int FakeHub::SlotOf(const std::string& callback) const {
  const bool old = generation_ == Generation::kClassic || generation_ == Generation::kBidirectional;
  for (const SlotRow& row : kSlots) {
    if (callback == row.name) return old ? row.classic : row.python3;
  }
  throw std::out_of_range("no callback is called " + callback);
}

void FakeHub::AnswerTo(const std::string& callback, Answer answer) {
  answers_.at(SlotOf(callback)) = std::move(answer);
}

void FakeHub::Withdraw(const std::string& callback) { table_.at(SlotOf(callback)) = nullptr; }

w_Targs* FakeHub::Receive(int slot, int script, w_Targs* args) {
  const std::string block = Describe(args);
  if (names_[slot] == "GetConfig" && block.rfind("sss \"config\" \"hub_encoding\" ", 0) == 0) {
    ++encoding_questions_;
    return TextResult(encoding_.c_str());
  }
  calls_ += std::to_string(script) + " " + names_[slot] + " " + block + "\n";
  return answers_[slot] ? answers_[slot](args) : IntResult(1);
}

std::string FakeHub::TakeCalls() { return std::exchange(calls_, ""); }

std::filesystem::path FakeHub::WriteScript(const std::string& source, const std::string& name) {
  const std::filesystem::path path = config_folder_ / "scripts" / name;
  std::ofstream file(path, std::ios::binary);
  file << source;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  return path;
}

int FakeHub::Load(const std::string& source, const std::string& name) {
  return LoadFile(WriteScript(source, name).string());
}

int FakeHub::LoadEvaluating(const std::string& source, const std::string& name) {
  return Load(EvaluateSource() + source, name);
}

int FakeHub::LoadFile(const std::string& path) {
  const std::string folder = config_folder_.string();
  const Block arguments = Pack("lssssls", long{Lib().w_ReserveID()}, path.c_str(), "HubBot",
                               "OpChat", folder.c_str(), 1700000000L, "config");
  return Lib().w_Load(arguments.get());
}

std::string FakeHub::Evaluate(int script, const std::string& expression) {
  const Block arguments = Pack("s", expression.c_str());
  const OwningBlock result(Lib().w_CallFunction(script, "evaluate", arguments.get()));
  char* text = nullptr;
  if (!Lib().w_unpack(result.get(), "s", &text) || !text)
    return "no text: " + Describe(result.get());
  return text;
}

std::string FakeHub::Call(int script, const char* function, w_Targs* arguments) {
  const OwningBlock result(Lib().w_CallFunction(script, function, arguments));
  return Describe(result.get());
}

std::string FakeHub::Hook(int script, int hook, w_Targs* arguments) {
  w_Targs* result = Lib().w_CallHook(script, hook, arguments);
  std::string text = Describe(result);
  ReleaseHookResult(result);
  return text;
}

void FakeHub::ReleaseHookResult(w_Targs* result) const {
  if (generation_ == Generation::kClassic || generation_ == Generation::kBidirectional) {
    std::free(result);
  } else {
    Lib().w_free_args(result);
  }
}

ScopedEnvironment::ScopedEnvironment(const char* name, const char* value) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  setenv(name, value, 1);
}

ScopedEnvironment::~ScopedEnvironment() {
  before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_);
}
