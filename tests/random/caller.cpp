#include "caller.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "runtimes.hpp"
#include "variadic.hpp"

namespace {

constexpr size_t kShownProblems = 20;
constexpr size_t kMostScripts = 6;
constexpr size_t kMostIds = 60;
constexpr const char* kNull = "(null)";

constexpr const char* kFunctionNames[] = {
    "describe", "describe", "echo",    "echo",      "seven",    "nothing",    "half",        "pair",
    "mapping",  "fail",     "leave",   "interrupt", "recurse",  "too_big",    "an_object",   "nul",
    "vh",       "struct",   "missing", "",          "Describe", "not_finite", "not_callable"};
constexpr const char* kRegisteredNames[] = {"number", "again", "x"};

// What this hub answers when it is asked for its encoding.
const char* encoding_name = "";

w_Targs* AnswerNothing(int, w_Targs*) { return nullptr; }
w_Targs* AnswerConfig(int, w_Targs*) { return TextResult(encoding_name); }

std::string Shorten(std::string text) {
  constexpr size_t kLongest = 300;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  }
  return text;
}

std::string Quote(const char* text) {
  return text ? "\"" + Shorten(text) + "\"" : std::string("NULL");
}

std::string Text(const char* text) { return text ? text : kNull; }

bool IsFormat(const std::string& format) {
  return format.find_first_not_of("lsdpLDO") == std::string::npos;
}

// The strings of a result, with those of its lists.
std::vector<const void*> StringsOf(const w_Targs* block) {
  std::vector<const void*> strings;
  const bool is_tab = std::strcmp(block->format, "tab") == 0;
  const size_t count = is_tab ? 10 : std::strlen(block->format);
  for (size_t i = 0; i < count; ++i) {
    const w_Telement& element = block->args[i];
    if (!std::strchr("sDL", element.type) || !element.type || !element.p) continue;
    if (element.type == 'L') {
      strings.insert(strings.end(), element.L, std::find(element.L, element.L + 1000, nullptr));
    }
    strings.push_back(element.p);
  }
  return strings;
}

// Lines and records that say how often an error came again; they come at any time.
bool IsSum(const std::string& text) {
  return text.find(" failed once more: ") != std::string::npos ||
         text.find(" more times: ") != std::string::npos;
}

bool OnlySums(const std::vector<Record>& records) {
  return std::all_of(records.begin(), records.end(),
                     [](const Record& record) { return IsSum(record.message); });
}

// The beginnings of blocks in the log.
int CountBlocks(const std::string& log) {
  int blocks = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    blocks += line.rfind("PY: ", 0) == 0 && !IsSum(line);
  }
  return blocks;
}

// What w_LastError tells: the code, and whether it has an exception; nothing for what is no error.
std::string CodeOf(const std::string& json) {
  static const char* const kCodes[] = {"invalid", "not_found", "python",      "timeout",
                                       "busy",    "cancelled", "unavailable", "too_large",
                                       "closed",  "internal"};
  for (const std::string code : kCodes) {
    const bool raised = code == "python" || code == "timeout";
    const std::string start = "{\"code\":\"" + code + "\",\"type\":" + (raised ? "\"" : "null,");
    const std::string end = raised ? "\"}" : ",\"traceback\":null}";
    const bool ends =
        json.size() > end.size() && json.compare(json.size() - end.size(), end.size(), end) == 0;
    if (json.rfind(start, 0) == 0 && ends) return code;
  }
  return "";
}

// A text that the library gives to the caller.
std::string TakeText(char* text) {
  const std::string copy = text ? text : "";
  std::free(text);
  return copy;
}

}  // namespace

const Caller::Row Caller::kRows[] = {
    {"w_Begin", 20, &Caller::CallBegin},
    {"w_End", 2, &Caller::CallEnd},
    {"w_ReserveID", 20, &Caller::CallReserveID},
    {"w_Load", 30, &Caller::CallLoad},
    {"w_Unload", 15, &Caller::CallUnload},
    {"w_Find", 20, &Caller::CallFind},
    {"w_HasHook", 60, &Caller::CallHasHook},
    {"w_CallHook", 200, &Caller::CallCallHook},
    {"w_CallFunction", 200, &Caller::CallCallFunction},
    {"w_GetHook", 20, &Caller::CallGetHook},
    {"w_HookName", 40, &Caller::CallHookName},
    {"w_CallName", 40, &Caller::CallCallName},
    {"w_RegisterFunction", 60, &Caller::CallRegisterFunction},
    {"w_RegisterFunctionEx", 60, &Caller::CallRegisterFunctionEx},
    {"w_UnregisterFunction", 40, &Caller::CallUnregisterFunction},
    {"w_pack", 60, &Caller::CallPack},
    {"w_vapack", 60, &Caller::CallVapack},
    {"w_unpack", 100, &Caller::CallUnpack},
    {"w_packprint", 60, &Caller::CallPackprint},
    {"w_free_args", 60, &Caller::CallFreeArgs},
    {"w_Stats", 20, &Caller::CallStats},
    {"w_StatsText", 20, &Caller::CallStatsText},
    {"w_SetLogSink", 15, &Caller::CallSetLogSink},
    {"w_LogLevel", 10, &Caller::CallLogLevel},
    {"w_LastError", 60, &Caller::CallLastError},
    {"w_Execute", 5, &Caller::CallExecute},
    {"w_Spawn", 5, &Caller::CallSpawn},
    {"w_BackendFind", 5, &Caller::CallBackendFind},
    {"w_BackendCall", 5, &Caller::CallBackendCall},
    {"w_BackendBegin", 5, &Caller::CallBackendBegin},
    {"w_BackendWait", 5, &Caller::CallBackendWait},
    {"w_BackendCancel", 5, &Caller::CallBackendCancel},
    {"w_BackendOn", 5, &Caller::CallBackendOn},
    {"w_BackendOff", 5, &Caller::CallBackendOff},
    {"w_BackendTerminate", 5, &Caller::CallBackendTerminate},
    {"w_BackendTerminateAll", 5, &Caller::CallBackendTerminateAll},
    {"w_PythonVersion", 5, &Caller::CallPythonVersion},
    {"_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorINSt7__cxx1112basic_stringIcSt11"
     "char_traitsIcESaIcEEESaIS7_EE",
     20, &Caller::CallStringListToJson},
};

Caller::Caller(unsigned seed, const std::string& folder) : dice_(seed), folder_(folder) {
  for (const Row& row : kRows) counts_.push_back({row.symbol});
  // Deadlines are watched, but no call is slow on purpose.
  setenv("VH_PYTHON_HOOK_TIMEOUT", "60", 1);
}

Caller::~Caller() { StopCatching(); }

void Caller::StopCatching() {
  Lib().w_SetLogSink(nullptr, nullptr);
  output_.reset();
}

long Caller::invalid() const {
  long sum = 0;
  for (const Count& count : counts_) sum += count.invalid;
  return sum;
}

void Caller::Call() {
  ++calls_;
  int weights = 0;
  for (const Row& row : kRows) weights += row.weight;
  int choice = dice_.Below(weights);
  size_t index = 0;
  while (choice >= kRows[index].weight) choice -= kRows[index++].weight;
  ++counts_[index].inputs;
  counts_[index].invalid += (this->*kRows[index].operation)();
  CheckData(kRows[index].symbol);
}

// All data of functions that are gone came back, and nothing else.
void Caller::CheckData(const std::string& call) {
  if (DataOut() != contract_.CountOwners()) {
    Report(call + " left data of " + std::to_string(DataOut()) + " functions out instead of " +
           std::to_string(contract_.CountOwners()));
  }
  if (TakeMisuses() != 0) Report(call + " gave data back that is in use");
}

void Caller::End() {
  contract_.FreeAll();
  Check("w_End()", {"1", Logged::kEither}, std::to_string(Lib().w_End()));
  CheckData("w_End()");
  contract_.has_begun = false;
  // The hub's table is gone with the hub.
  table_.reset();
}

void Caller::Report(const std::string& problem) {
  ++wrong_;
  if (problems_.size() < kShownProblems) {
    problems_.push_back("call " + std::to_string(calls_) + ": " + problem);
  }
}

void Caller::Check(const std::string& call, const Expected& expected, const std::string& answer) {
  if (answer != expected.answer) {
    Report(call + " answered " + Shorten(answer) + " instead of " + Shorten(expected.answer));
  }
  CheckLog(call, expected.logged);
}

void Caller::CheckCall(const std::string& call, const Expected& expected,
                       const std::string& answer) {
  Check(call, expected, answer);
  contract_.error = expected.error;
  contract_.error_of = call;
}

void Caller::CheckLog(const std::string& call, Logged expected) {
  // A thread of the library's own calls the sink; setting one waits for what it still has to tell.
  if (has_sink_) Lib().w_SetLogSink(Recorder::Sink(), sink_);
  const std::string log = output_->Take();
  std::vector<Record> records;
  for (Recorder& recorder : recorders_) {
    std::vector<Record> taken = recorder.Take();
    if (&recorder != sink_ && !OnlySums(taken)) Report(call + " told a sink that is replaced");
    if (&recorder == sink_) records = std::move(taken);
  }
  std::vector<Record> nobodys = Recorder::TakeNobodys();
  if (sink_ || !has_sink_) {
    if (!OnlySums(nobodys)) Report(call + " told a sink without data");
  } else {
    records = std::move(nobodys);
  }
  const int printed = CountBlocks(log);
  for (const Record& record : records) CheckRecord(call, record);
  if (has_sink_ ? printed > 0 : !OnlySums(records)) Report(call + " logged in the wrong place");
  if (contract_.log_level != 1 || expected == Logged::kEither) return;
  const auto told = std::count_if(records.begin(), records.end(),
                                  [](const Record& record) { return !IsSum(record.message); });
  const long lines = has_sink_ ? told : printed;
  const int wanted = expected == Logged::kOneLine ? 1 : 0;
  if (lines != wanted) {
    const std::string shown = records.empty() ? log : records.front().message;
    Report(call + " logged " + std::to_string(lines) + " times instead of " +
           std::to_string(wanted) + ": " + Shorten(shown));
  }
}

void Caller::CheckRecord(const std::string& call, const Record& record) {
  const std::vector<unsigned> points = Decode(record.message, Encoding::kUtf8);
  const bool is_text =
      !points.empty() && std::all_of(points.begin(), points.end(), [](unsigned point) {
        return point < 0xD800 || point >= 0xE000;
      });
  const bool is_level = record.level >= 0 && record.level <= std::max(0, contract_.log_level);
  const bool is_script = record.script >= -1 && record.script <= static_cast<int>(kMostIds);
  if (!is_text || !is_level || !is_script) {
    Report(call + " logged the record " + std::to_string(record.level) + ", " +
           std::to_string(record.script) + ", " + Shorten(record.message));
  }
}

std::string Caller::TakeHookResult(const std::string& call, w_Targs* result) {
  const std::string text = Describe(result);
  if (!result) return text;
  const bool inside = contract_.table == Table::kClassic;
  for (const void* string : StringsOf(result)) {
    if (IsInside(result, string) != inside) Report(call + ": a string lives in the wrong place");
  }
  if (inside) {
    std::free(result);
  } else if (dice_.OneIn(2)) {
    Lib().w_free_args(result);
  } else {
    for (const void* string : StringsOf(result)) std::free(const_cast<void*>(string));
    std::free(result);
  }
  return text;
}

std::string Caller::TakeFunctionResult(const std::string& call, w_Targs* result) {
  const std::string text = Describe(result);
  if (!result) return text;
  const std::vector<const void*> strings = StringsOf(result);
  for (const void* string : strings) {
    if (IsInside(result, string)) Report(call + ": a string is no allocation of its own");
  }
  if (dice_.OneIn(2)) {
    Lib().w_free_args(result);
  } else {
    for (const void* string : strings) std::free(const_cast<void*>(string));
    std::free(result);
  }
  return text;
}

int Caller::AnyId() {
  if (contract_.ids.empty() || dice_.OneIn(4)) return dice_.AnyInt();
  auto found = contract_.ids.begin();
  std::advance(found, dice_.Below(static_cast<int>(contract_.ids.size())));
  return found->first;
}

int Caller::LoadedId() {
  std::vector<int> loaded;
  for (const auto& [id, use] : contract_.ids) {
    if (use.is_loaded) loaded.push_back(id);
  }
  return loaded.empty() || dice_.OneIn(6) ? AnyId() : dice_.Pick(loaded);
}

// The hub.

std::unique_ptr<w_Tcallback[]> Caller::RandomTable() {
  auto table = std::make_unique<w_Tcallback[]>(W_MAX_CALLBACKS);
  const int kind = dice_.Below(5);
  for (int slot = 0; slot < W_MAX_CALLBACKS; ++slot) {
    if (kind < 3 || (kind == 3 && dice_.OneIn(2))) table[slot] = &AnswerNothing;
  }
  const int first_empty = kind == 0 ? 42 : 43;
  if (kind < 2) std::fill_n(&table[first_empty], 3, nullptr);
  return table;
}

void Caller::Begin() {
  static const char* const kGenerations[] = {"", "", "classic", "bidirectional", "python3", "?"};
  const std::string named = dice_.Pick(kGenerations);
  setenv("VH_PYTHON_GENERATION", named.c_str(), 1);
  table_ = RandomTable();
  contract_.table = named == "python3"                               ? Table::kPython3
                    : named == "classic" || named == "bidirectional" ? Table::kClassic
                                                                     : Recognise(table_.get());
  contract_.encoding = dice_.OneIn(2) ? Encoding::kUtf8 : Encoding::kLatin1;
  encoding_name = contract_.encoding == Encoding::kUtf8 ? "" : "ISO-8859-1";
  table_[contract_.table == Table::kClassic ? 37 : 38] = &AnswerConfig;
  CheckCall("w_Begin(table)", {"1", Logged::kEither}, std::to_string(Lib().w_Begin(table_.get())));
  contract_.has_begun = true;
}

bool Caller::CallBegin() {
  // Now and then calls come before.
  if (!contract_.has_begun && dice_.OneIn(3)) {
    Begin();
    return false;
  }
  CheckCall("w_Begin(NULL)", {"0", Logged::kOneLine, "invalid"},
            std::to_string(Lib().w_Begin(nullptr)));
  return true;
}

bool Caller::CallEnd() {
  const bool is_needless = !contract_.has_begun;
  End();
  return is_needless;
}

bool Caller::CallLogLevel() {
  const int level = dice_.OneIn(3) ? dice_.AnyInt() : 1;
  Lib().w_LogLevel(level);
  contract_.log_level = level;
  return level < 0 || level > 6;
}

// Scripts.

bool Caller::CallReserveID() {
  if (contract_.ids.size() >= kMostIds) return false;
  const int id = contract_.LowestFreeId();
  CheckCall("w_ReserveID()", {std::to_string(id)}, std::to_string(Lib().w_ReserveID()));
  contract_.ids[id] = {};
  return !contract_.has_begun;
}

std::string Caller::RandomPath(bool& is_good) {
  is_good = false;
  switch (dice_.Below(8)) {
    case 0:
      return folder_;
    case 1:
      return folder_ + "/" + dice_.Bytes(20);
    case 2:
      return dice_.Bytes(dice_.OneIn(4) ? 10000 : 30);
    case 3:
      return "";
    default:
      is_good = true;
      return folder_ + "/subject.py";
  }
}

bool Caller::LoadScript(const std::string& path, bool is_good) {
  const int id = dice_.OneIn(4) ? dice_.AnyInt() : AnyId();
  const auto found = contract_.ids.find(id);
  const bool is_reserved = found != contract_.ids.end() && !found->second.is_loaded;
  const bool is_loaded = is_good && is_reserved && contract_.has_begun;
  // Hubs pass a plain int: the upper half of the long is anything.
  const long noisy = static_cast<long>(dice_.Bits() << 32 | static_cast<unsigned>(id));
  const auto text = [&](std::string& kept) {
    kept = dice_.Bytes(dice_.Below(30));
    return dice_.OneIn(5) ? nullptr : kept.c_str();
  };
  std::string file = path, bot, op_chat, config, name;
  const char* file_text = !is_good && dice_.OneIn(6) ? nullptr : file.c_str();
  setenv("VH_PYTHON_RUNTIME", dice_.Pick(Runtimes()), 1);
  const Block block = Pack("lssssls", noisy, file_text, text(bot), text(op_chat), text(config),
                           static_cast<long>(dice_.Bits()), text(name));
  if (is_loaded) {
    contract_.Load(id);
  } else if (is_reserved) {
    contract_.Free(id);
  }
  const char* error = is_loaded              ? ""
                      : !file_text           ? "invalid"
                      : !contract_.has_begun ? "unavailable"
                      : !is_reserved         ? "invalid"
                                             : "not_found";
  CheckCall("w_Load(" + std::to_string(id) + ", " + Quote(file_text) + ")",
            {is_loaded ? std::to_string(id) : "-1", is_loaded ? Logged::kNothing : Logged::kOneLine,
             error},
            std::to_string(Lib().w_Load(block.get())));
  return !is_loaded;
}

bool Caller::CallLoad() {
  size_t loaded = 0;
  for (const auto& [id, use] : contract_.ids) loaded += use.is_loaded;
  if (dice_.OneIn(3)) {
    // Seven values of these types are as good as never.
    const RandomBlock block(dice_, contract_.encoding, contract_.is_native());
    // The id is free again as far as the block tells it.
    if (block.is_readable() && !block.values().empty() && block.values()[0].type == 'l') {
      const int id = static_cast<int>(block.get()->args[0].l);
      if (!contract_.IsLoaded(id)) contract_.Free(id);
    }
    CheckCall("w_Load of the format " + Quote(block.format().c_str()),
              {"-1", Logged::kOneLine, "invalid"}, std::to_string(Lib().w_Load(block.get())));
    return true;
  }
  bool is_good = false;
  std::string path = RandomPath(is_good);
  if (is_good && loaded >= kMostScripts) {
    is_good = false;
    path = folder_ + "/missing.py";
  }
  return LoadScript(path, is_good);
}

bool Caller::CallUnload() {
  const int id = AnyId();
  const bool is_known = contract_.ids.count(id) == 1;
  contract_.Free(id);
  CheckCall("w_Unload(" + std::to_string(id) + ")",
            {is_known ? "1" : "0", Logged::kNothing, is_known ? "" : "not_found"},
            std::to_string(Lib().w_Unload(id)));
  return !is_known;
}

bool Caller::CallFind() {
  // All scripts have the same file: the lowest id is found, by path and by name.
  int lowest = -1;
  for (const auto& [id, use] : contract_.ids) {
    if (use.is_loaded && lowest < 0) lowest = id;
  }
  const bool is_known = dice_.OneIn(2);
  const std::string known = dice_.OneIn(2) ? "subject.py" : folder_ + "/subject.py";
  const std::string name = is_known ? known : dice_.Bytes(dice_.Below(30));
  const char* text = !is_known && dice_.OneIn(6) ? nullptr : name.c_str();
  Check("w_Find(" + Quote(text) + ")", {std::to_string(is_known ? lowest : -1)},
        std::to_string(Lib().w_Find(text)));
  return !is_known;
}

bool Caller::CallHasHook() {
  const int id = LoadedId();
  const int hook = dice_.AnyInt();
  const bool has = contract_.IsLoaded(id) && Contract::HasHook(hook);
  Check("w_HasHook(" + std::to_string(id) + ", " + std::to_string(hook) + ")", {has ? "1" : "0"},
        std::to_string(Lib().w_HasHook(id, hook)));
  return !contract_.IsLoaded(id) || !Contract::HookName(hook);
}

bool Caller::CallCallHook() {
  const int id = LoadedId();
  int hook = dice_.AnyInt();
  // Mostly one that the script has.
  for (int tries = 0; tries < 8 && !Contract::HasHook(hook); ++tries) hook = dice_.Below(45);
  const RandomBlock parameters(dice_, contract_.encoding, contract_.is_native());
  const std::string call = "w_CallHook(" + std::to_string(id) + ", " + std::to_string(hook) + ", " +
                           Quote(parameters.get() ? parameters.format().c_str() : nullptr) + ")";
  const bool is_loaded = contract_.IsLoaded(id);
  const Expected expected =
      is_loaded ? contract_.CallHook(id, hook, parameters) : Expected{kNull, Logged::kNothing};
  CheckCall(call, expected, TakeHookResult(call, Lib().w_CallHook(id, hook, parameters.get())));
  return !is_loaded || !Contract::HookName(hook) || !parameters.is_readable() ||
         parameters.has_bad_json();
}

bool Caller::CallCallFunction() {
  if (dice_.OneIn(6)) return CallDynamic();
  const int id = LoadedId();
  std::string kept = dice_.OneIn(5) ? dice_.Bytes(dice_.OneIn(10) ? 20000 : dice_.Below(30))
                                    : dice_.Pick(kFunctionNames);
  const char* name = dice_.OneIn(15) ? nullptr : kept.c_str();
  const RandomBlock parameters(dice_, contract_.encoding, contract_.is_native());
  const std::string call = "w_CallFunction(" + std::to_string(id) + ", " + Quote(name) + ", " +
                           Quote(parameters.get() ? parameters.format().c_str() : nullptr) + ")";
  const Expected expected = !name ? Expected{kNull, Logged::kOneLine, "invalid"}
                            : !contract_.IsLoaded(id)
                                ? Expected{kNull, Logged::kOneLine, "not_found"}
                                : contract_.CallFunction(id, kept, parameters);
  CheckCall(call, expected,
            TakeFunctionResult(call, Lib().w_CallFunction(id, name, parameters.get())));
  return expected.answer == kNull;
}

// A function of the script that calls one the host registered, or did not.
bool Caller::CallDynamic() {
  const int id = LoadedId();
  const std::string name = dice_.Pick(kRegisteredNames);
  const long number = dice_.AnyInt();
  const Block parameters = Pack("sl", name.c_str(), number);
  const std::string call = "dynamic(" + std::to_string(id) + ", " + name + ")";
  const Expected expected = contract_.IsLoaded(id) ? contract_.CallDynamic(id, name, number)
                                                   : Expected{kNull, Logged::kOneLine, "not_found"};
  CheckCall(call, expected,
            TakeFunctionResult(call, Lib().w_CallFunction(id, "dynamic", parameters.get())));
  return !contract_.IsLoaded(id);
}

const char* Caller::RandomName(std::string& kept) {
  kept = dice_.OneIn(4) ? dice_.Bytes(dice_.Below(50)) : dice_.Pick(kRegisteredNames);
  return dice_.OneIn(8) ? nullptr : kept.c_str();
}

Expected Caller::ExpectRegistration(int id, const char* name, bool is_function) const {
  if (!name || !*name || !is_function) return {"0", Logged::kOneLine, "invalid"};
  if (contract_.ids.count(id) == 0) return {"0", Logged::kOneLine, "not_found"};
  return {"1"};
}

bool Caller::CallRegisterFunction() {
  const int id = AnyId();
  std::string kept;
  const char* name = RandomName(kept);
  HostFunction function;
  function.what = static_cast<Registered>(dice_.Below(5));
  const w_Tcallback callback = dice_.OneIn(8) ? nullptr : function.callback();
  const Expected expected = ExpectRegistration(id, name, callback);
  const bool is_good = expected.error.empty();
  if (is_good) contract_.Register(id, name, function);
  CheckCall("w_RegisterFunction(" + std::to_string(id) + ", " + Quote(name) + ")", expected,
            std::to_string(Lib().w_RegisterFunction(id, name, callback)));
  return !is_good;
}

bool Caller::CallRegisterFunctionEx() {
  const int id = AnyId();
  std::string kept;
  const char* name = RandomName(kept);
  const HostFunction function = RandomOwner(dice_);
  const char* format = function.has_format ? function.format.c_str() : nullptr;
  const w_Tfunction run = dice_.OneIn(8) ? nullptr : OwnerFunction();
  const bool has_format = !format || IsFormat(format);
  const Expected expected = ExpectRegistration(id, name, run && has_format);
  const bool is_good = expected.error.empty();
  if (is_good) {
    contract_.Register(id, name, function);
  } else {
    function.MayGo();
  }
  const w_Trelease release = function.is_given_back ? OwnerRelease() : nullptr;
  CheckCall(
      "w_RegisterFunctionEx(" + std::to_string(id) + ", " + Quote(name) + ", " + Quote(format) +
          ")",
      expected,
      std::to_string(Lib().w_RegisterFunctionEx(id, name, format, run, function.data, release)));
  return !is_good;
}

bool Caller::CallUnregisterFunction() {
  const int id = AnyId();
  std::string kept;
  const char* name = RandomName(kept);
  const bool is_known = name && contract_.Unregister(id, name);
  CheckCall("w_UnregisterFunction(" + std::to_string(id) + ", " + Quote(name) + ")",
            {is_known ? "1" : "0", Logged::kNothing, is_known ? "" : "not_found"},
            std::to_string(Lib().w_UnregisterFunction(id, name)));
  return !is_known;
}

// What the library tells of itself.

bool Caller::CallSetLogSink() {
  const bool had_sink = has_sink_;
  has_sink_ = !dice_.OneIn(3);
  // Also one without data; without a sink data means nothing.
  Recorder* user =
      dice_.OneIn(3) ? nullptr : &recorders_[static_cast<size_t>(dice_.Below(kRecorders))];
  sink_ = has_sink_ ? user : nullptr;
  Lib().w_SetLogSink(has_sink_ ? Recorder::Sink() : nullptr, user);
  CheckLog("w_SetLogSink", Logged::kNothing);
  return !has_sink_ && (!had_sink || user);
}

bool Caller::CallStats() { return CheckStats("w_Stats", Lib().w_Stats, &CountsOfJson); }

bool Caller::CallStatsText() {
  return CheckStats("w_StatsText", Lib().w_StatsText, &CountsOfMetrics);
}

bool Caller::CheckStats(const std::string& call, int (*give)(char**),
                        CallCounts (*read)(const std::string&)) {
  if (dice_.OneIn(3)) {
    Check(call + "(NULL)", {"0"}, std::to_string(give(nullptr)));
    return true;
  }
  char* given = nullptr;
  Check(call, {"1"}, std::to_string(give(&given)));
  const std::string text = TakeText(given);
  try {
    const std::string difference = Difference(contract_.Counts(), read(text));
    if (!difference.empty()) Report(call + " tells of " + difference);
  } catch (const std::exception& error) {
    Report(call + ": " + Shorten(error.what()));
  }
  if (read == &CountsOfJson) CheckJson(call, text, "time");
  return !contract_.has_begun;
}

// A script must be able to read it, and find this name first.
void Caller::CheckJson(const std::string& call, const std::string& json, const std::string& name) {
  const int id = LoadedId();
  if (!contract_.IsLoaded(id)) return;
  ++contract_.ids.at(id).callees["describe"].calls;
  const Block parameters = Pack("D", json.c_str());
  const std::string start =
      "s \"({" + DescribeText(std::vector<unsigned>(name.begin(), name.end())) + ":";
  const std::string described =
      TakeFunctionResult("describe", Lib().w_CallFunction(id, "describe", parameters.get()));
  CheckCall(call + " is read by a script", {start}, described.substr(0, start.size()));
}

bool Caller::CallLastError() {
  const bool is_elsewhere = dice_.OneIn(10);
  const bool is_null = dice_.OneIn(4);
  char* given = reinterpret_cast<char*>(1);
  int failed = 0;
  const auto ask = [&] { failed = Lib().w_LastError(is_null ? nullptr : &given); };
  // Another thread has made no call.
  is_elsewhere ? std::thread(ask).join() : ask();
  const std::string error = is_elsewhere ? "" : contract_.error;
  const std::string call = "w_LastError of " + (is_elsewhere ? "nothing" : contract_.error_of);
  const int wanted = !error.empty();
  Check(call, {std::to_string(wanted)}, std::to_string(failed));
  if (is_null) return true;
  if ((given != nullptr) != (failed == 1)) Report(call + " wrote no answer");
  if (!given) return false;
  const std::string json = TakeText(given);
  const std::string code = CodeOf(json);
  if (code.empty() || code != error) {
    Report(call + " answered " + Shorten(json) + " instead of " + error);
  }
  if (dice_.OneIn(3)) CheckJson(call, json, "code");
  return false;
}

// Names.

bool Caller::CallGetHook() {
  const int hook = dice_.AnyInt();
  Check("w_GetHook(" + std::to_string(hook) + ")", {"NULL"},
        Lib().w_GetHook(hook) ? "an object" : "NULL");
  return !Contract::HookName(hook);
}

bool Caller::CallHookName() {
  const int hook = dice_.AnyInt();
  const char* name = Contract::HookName(hook);
  Check("w_HookName(" + std::to_string(hook) + ")", {Text(name)}, Text(Lib().w_HookName(hook)));
  return !name;
}

bool Caller::CallCallName() {
  const int slot = dice_.AnyInt();
  const char* name = contract_.CallName(slot);
  Check("w_CallName(" + std::to_string(slot) + ")", {Text(name)}, Text(Lib().w_CallName(slot)));
  return !name;
}

// Blocks.

std::string Caller::PackFormat() {
  static const char kLetters[] = {'l', 's', 'd', 'p', 'L', 'D', 'O'};
  static const char kOthers[] = {'x', '|', 't', ' ', '\x01', '\xff'};
  std::string format;
  for (int length = dice_.Below(12); length > 0; --length) format += dice_.Pick(kLetters);
  if (dice_.OneIn(2)) {
    if (dice_.OneIn(10)) format.insert(0, static_cast<size_t>(dice_.Below(100000)), 'l');
    const auto place = static_cast<size_t>(dice_.Below(static_cast<int>(format.size()) + 1));
    format.insert(place, 1, dice_.Pick(kOthers));
  }
  return format;
}

void Caller::CheckPacked(const std::string& call, const std::string& format, w_Targs* block,
                         const std::vector<unsigned long>& values) {
  const bool is_good = IsFormat(format);
  Check(call, {is_good ? "a block" : kNull, is_good ? Logged::kNothing : Logged::kOneLine},
        block ? "a block" : kNull);
  if (!block) return;
  if (format != block->format || !IsInside(block, block->format)) {
    Report(call + ": the format is not a copy inside the block");
  }
  for (size_t i = 0; i < format.size(); ++i) {
    const w_Telement& element = block->args[i];
    if (element.type != format[i] || static_cast<unsigned long>(element.l) != values[i]) {
      Report(call + ": element " + std::to_string(i) + " is not what was packed");
    }
  }
  std::free(block);
}

bool Caller::CallPack() {
  if (dice_.OneIn(20)) {
    Check("w_pack(NULL)", {kNull, Logged::kOneLine}, Lib().w_pack(nullptr) ? "a block" : kNull);
    return true;
  }
  std::string format = PackFormat();
  const VariadicArguments arguments(dice_, format);
  w_Targs* block = arguments.Pack(format.c_str());
  CheckPacked("w_pack(" + Quote(format.c_str()) + ")", format, block, arguments.values());
  return !IsFormat(format);
}

bool Caller::CallVapack() {
  std::string format = PackFormat();
  // Also many values.
  if (dice_.OneIn(10)) format += std::string(static_cast<size_t>(dice_.Below(20000)), 'd');
  std::vector<unsigned long> values(format.size());
  for (unsigned long& value : values) value = dice_.Bits();
  w_Targs* block = VapackFromArray(format.c_str(), values);
  CheckPacked("w_vapack(" + Quote(format.c_str()) + ")", format, block, values);
  return !IsFormat(format);
}

bool Caller::CallUnpack() {
  const RandomBlock block(dice_, contract_.encoding, contract_.is_native());
  std::string kept = dice_.OneIn(4) ? PackFormat() : block.format();
  for (int changes = dice_.Below(3); changes > 0; --changes) {
    const auto place = static_cast<size_t>(dice_.Below(static_cast<int>(kept.size()) + 1));
    if (dice_.OneIn(2)) {
      kept.insert(place, 1, dice_.Pick("|||lsx"));
    } else {
      kept.resize(place);
    }
  }
  kept = kept.c_str();
  const char* format = dice_.OneIn(20) ? nullptr : kept.c_str();
  const std::string call = "w_unpack(" + Quote(block.format().c_str()) + ", " + Quote(format) + ")";
  const bool first_is_null = block.format() == "ss" && block.get() && !block.get()->args[0].s;
  const bool is_good =
      format && block.is_readable() && CanUnpack(block.format(), kept, first_is_null);
  Destinations destinations(dice_);
  // There is no room for more.
  if (is_good && kept.size() > Destinations::kCount) return false;
  Check(call, {is_good ? "1" : "0"}, std::to_string(destinations.Unpack(block.get(), format)));
  std::vector<unsigned long> wanted;
  if (is_good) {
    const bool is_lenient = block.format() == "ss" &&
                            kept.find_first_not_of("s|") == std::string::npos &&
                            std::count(kept.begin(), kept.end(), 's') == 1;
    for (size_t i = is_lenient ? 1 : 0; i < block.format().size(); ++i) {
      wanted.push_back(static_cast<unsigned long>(block.get()->args[i].l));
    }
    wanted.resize(static_cast<size_t>(
        std::count_if(kept.begin(), kept.end(), [](char c) { return c != '|'; })));
  }
  if (!destinations.Hold(wanted)) Report(call + " wrote something else than the values");
  return !is_good;
}

bool Caller::CallPackprint() {
  const RandomBlock block(dice_, contract_.encoding, contract_.is_native());
  const char* printed = Lib().w_packprint(block.get());
  const std::string call = "w_packprint(" + Quote(block.format().c_str()) + ")";
  const std::string start = !block.get()          ? kNull
                            : block.is_readable() ? block.format() + " ("
                                                  : "(malformed: ";
  // It stays until the next call of this function.
  Lib().w_HookName(0);
  Check(call, {start}, printed ? std::string(printed).substr(0, start.size()) : "NULL");
  return !block.is_readable();
}

bool Caller::CallFreeArgs() {
  std::string format = dice_.OneIn(10) ? "tab" : PackFormat();
  const bool has_no_format = dice_.OneIn(10);
  w_Targs* block = dice_.OneIn(10) ? nullptr : NewBlock(format);
  for (size_t i = 0; block && i < format.size(); ++i) {
    w_Telement& element = block->args[i];
    if (format == "tab") element.type = dice_.Pick("lsdpDL");
    // Strings without a format to tell of them are nobody's.
    if (has_no_format || !element.type || dice_.OneIn(4)) continue;
    if (std::strchr("sD", element.type)) {
      const bool inside = dice_.OneIn(3);
      element.s = inside ? const_cast<char*>(block->format) : strdup("a string of its own");
    } else if (element.type == 'L') {
      element.L = static_cast<char**>(std::calloc(2, sizeof(char*)));
      element.L[0] = strdup("an entry");
    } else {
      element.l = static_cast<long>(dice_.Bits());
    }
  }
  if (block && has_no_format) block->format = nullptr;
  Lib().w_free_args(block);
  CheckLog("w_free_args(" + Quote(format.c_str()) + ")", Logged::kNothing);
  return !block || has_no_format || !IsFormat(format);
}

bool Caller::CallStringListToJson() {
  std::vector<std::string> texts(static_cast<size_t>(dice_.Below(5)));
  bool is_text = true;
  std::string described;
  for (std::string& text : texts) {
    text = dice_.Bytes(dice_.Below(30));
    if (dice_.OneIn(8)) text += std::string("\0end", 4);
    const std::vector<unsigned> points = Decode(text, contract_.encoding);
    is_text = is_text && std::none_of(points.begin(), points.end(),
                                      [](unsigned p) { return p >= 0xD800 && p < 0xE000; });
    described += (described.empty() ? "" : ",") + DescribeText(points);
  }
  const int id = LoadedId();
  // Hubs call it inside a call of a script, when the library knows their encoding.
  if (contract_.IsLoaded(id)) {
    ++contract_.ids.at(id).callees["nothing"].calls;
    Lib().w_free_args(Lib().w_CallFunction(id, "nothing", nullptr));
  }
  const std::string json = Lib().string_list_to_json(texts);
  if (contract_.IsLoaded(id)) {
    // A script must read the same texts.
    ++contract_.ids.at(id).callees["describe"].calls;
    const Block parameters = Pack("D", json.c_str());
    CheckCall(
        "stringListToJson, " + json, {"s \"([" + described + "])\""},
        TakeFunctionResult("describe", Lib().w_CallFunction(id, "describe", parameters.get())));
  } else {
    Check("stringListToJson", {"[]"}, {json.front(), json.back()});
  }
  return !is_text;
}
