// Work to be done later, in order of its time.
#pragma once

#include <functional>
#include <map>

namespace hub {

class DelayQueue {
 public:
  using Work = std::function<void()>;

  void Add(double due, Work work);

  // Does everything due at `now`; work added meanwhile waits for the next run.
  void RunDue(double now);

 private:
  std::multimap<double, Work> waiting_;
};

}  // namespace hub
