// Work to be done later, in order of its time.
#include "delay_queue.h"

#include <utility>
#include <vector>

namespace hub {

void DelayQueue::Add(double due, Work work) { waiting_.emplace(due, std::move(work)); }

void DelayQueue::RunDue(double now) {
  std::vector<Work> due;
  const auto end = waiting_.upper_bound(now);
  for (auto item = waiting_.begin(); item != end; ++item) due.push_back(std::move(item->second));
  waiting_.erase(waiting_.begin(), end);
  for (const Work& work : due) work();
}

}  // namespace hub
