#include "recorder.hpp"

#include <utility>

namespace {

Recorder& Nobodys() {
  static Recorder recorder;
  return recorder;
}

}  // namespace

w_TlogSink Recorder::Sink() {
  return [](int level, int script, const char* message, void* user) {
    Recorder& recorder = user ? *static_cast<Recorder*>(user) : Nobodys();
    const std::lock_guard<std::mutex> guard(recorder.lock_);
    recorder.records_.push_back({level, script, message});
  };
}

std::vector<Record> Recorder::TakeNobodys() { return Nobodys().Take(); }

std::vector<Record> Recorder::Take() {
  const std::lock_guard<std::mutex> guard(lock_);
  return std::exchange(records_, {});
}
