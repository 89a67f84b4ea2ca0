// A user of the hub (a person or a robot) and the connection a person comes through.
#include "user.h"

#include <utility>

#include "text.h"

namespace hub {

std::optional<int> ParseUserClass(std::string_view text) {
  const auto number = ParseNumber(text);
  if (!number || !IsUserClass(*number)) return std::nullopt;
  return static_cast<int>(*number);
}

void Session::Send(std::string_view bytes) {
  if (closing_ || gone) return;
  if (output_.size() + bytes.size() > output_limit_) {
    output_.clear();
    Close(kCloseTimeout);
    return;
  }
  output_ += bytes;
}

void Session::Close(CloseReason reason) {
  if (closing_) return;
  closing_ = true;
  close_reason_ = reason;
  ending_->push_back(this);
}

std::string Session::TakeOutput() { return std::exchange(output_, {}); }

bool Session::Supports(std::string_view feature) const {
  for (size_t at = supports.find(feature); at != std::string::npos;
       at = supports.find(feature, at + 1)) {
    const size_t end = at + feature.size();
    const bool starts = at == 0 || supports[at - 1] == ' ';
    if (starts && (end == supports.size() || supports[end] == ' ')) return true;
  }
  return false;
}

}  // namespace hub
