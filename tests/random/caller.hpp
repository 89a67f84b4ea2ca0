// Calls every function of the library with random arguments and checks each answer against the
// contract.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "contract.hpp"
#include "dice.hpp"
#include "output.hpp"
#include "recorder.hpp"

class Caller {
 public:
  // How often a function was called.
  struct Count {
    std::string symbol;
    long inputs = 0;
    // Those the contract wants refused, or that hold something wrong.
    long invalid = 0;
  };

  Caller(unsigned seed, const std::string& folder);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // Makes one random call.
  void Call();
  // Ends the hub.
  void End();

  // Gives standard output back.
  void StopCatching();

  const std::vector<Count>& counts() const { return counts_; }
  long invalid() const;
  // What was answered wrong, the first few.
  const std::vector<std::string>& problems() const { return problems_; }
  long wrong() const { return wrong_; }

 private:
  // Calls one function; true when the input was invalid.
  using Operation = bool (Caller::*)();
  struct Row {
    const char* symbol;
    int weight;
    Operation operation;
  };
  static const Row kRows[];

  bool CallBegin();
  bool CallEnd();
  bool CallReserveID();
  bool CallLoad();
  bool CallUnload();
  bool CallFind();
  bool CallHasHook();
  bool CallCallHook();
  bool CallCallFunction();
  bool CallGetHook();
  bool CallHookName();
  bool CallCallName();
  bool CallRegisterFunction();
  bool CallRegisterFunctionEx();
  bool CallUnregisterFunction();
  bool CallPack();
  bool CallVapack();
  bool CallUnpack();
  bool CallPackprint();
  bool CallFreeArgs();
  bool CallStats();
  bool CallStatsText();
  bool CallSetLogSink();
  bool CallLogLevel();
  bool CallLastError();
  bool CallExecute();
  bool CallSpawn();
  bool CallBackendFind();
  bool CallBackendCall();
  bool CallBackendBegin();
  bool CallBackendWait();
  bool CallBackendCancel();
  bool CallBackendOn();
  bool CallBackendOff();
  bool CallBackendTerminate();
  bool CallBackendTerminateAll();
  bool CallPythonVersion();
  bool CallStringListToJson();

  void Begin();
  std::unique_ptr<w_Tcallback[]> RandomTable();
  bool CallDynamic();
  bool LoadScript(const std::string& file, bool is_good);
  // An id that is in use, or any.
  int AnyId();
  // An id of a loaded script; when there is none, any.
  int LoadedId();
  std::string RandomPath(bool& is_good);
  // Of a function, or NULL; `kept` holds it.
  const char* RandomName(std::string& kept);
  Expected ExpectRegistration(int id, const char* name, bool is_function) const;
  bool CheckStats(const std::string& call, int (*give)(char**),
                  CallCounts (*read)(const std::string&));
  void CheckJson(const std::string& call, const std::string& json, const std::string& name);
  void CheckData(const std::string& call);
  std::string PackFormat();
  void CheckPacked(const std::string& call, const std::string& format, w_Targs* block,
                   const std::vector<unsigned long>& values);
  // Checks an answer, and what the library logged.
  void Check(const std::string& call, const Expected& expected, const std::string& answer);
  void CheckLog(const std::string& call, Logged expected);
  void CheckRecord(const std::string& call, const Record& record);
  // The same as Check for a function that w_LastError tells of.
  void CheckCall(const std::string& call, const Expected& expected, const std::string& answer);
  // Checks where a result's strings live, tells it, and releases it in the way of the hub.
  std::string TakeHookResult(const std::string& call, w_Targs* result);
  std::string TakeFunctionResult(const std::string& call, w_Targs* result);
  void Report(const std::string& problem);

  Dice dice_;
  std::string folder_;
  std::unique_ptr<Output> output_ = std::make_unique<Output>();
  // Who takes the records of the log instead: one of these, or nobody's.
  static constexpr int kRecorders = 2;
  std::array<Recorder, kRecorders> recorders_;
  bool has_sink_ = false;
  Recorder* sink_ = nullptr;
  Contract contract_;
  std::unique_ptr<w_Tcallback[]> table_;
  std::vector<Count> counts_;
  std::vector<std::string> problems_;
  long wrong_ = 0;
  long calls_ = 0;
};
