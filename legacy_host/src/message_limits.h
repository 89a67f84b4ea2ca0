// How long what clients send may be.
#pragma once

#include <cstddef>
#include <string>

namespace hub {

// Bytes of an unfinished or unknown message before the login is done.
constexpr size_t kMaxLineBeforeLogin = 8192;

// The most bytes a message that begins like this one may have; nothing known of it: `otherwise`.
// Lines that people read may have `chat` bytes.
size_t MaxSizeOf(const std::string& message, size_t chat, size_t otherwise);

}  // namespace hub
