// Small helpers for text that is bytes in the hub's encoding.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

// ASCII letters in lower case; all other bytes, whatever their encoding, stay.
std::string Fold(std::string_view text);

bool StartsWith(std::string_view text, std::string_view prefix);
std::string Trim(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);
std::string ReplaceAll(std::string text, std::string_view from, std::string_view to);

// Takes the first word off `rest` together with the spaces around it.
std::string TakeWord(std::string_view& rest);

// Whether a byte of the text is an ASCII control character.
bool HasControls(std::string_view text);

// The whole text as a decimal number, or nothing.
std::optional<long> ParseNumber(std::string_view text);

// The error for a system call that has just failed: what it was to do, and why it did not.
std::runtime_error SystemError(const std::string& what);

// A hundred years: longer periods count as this one, so that no sum with a time overflows.
constexpr long kMaxPeriod = 100L * 365 * 86400;

// "90", "90s", "5m", "3h", "2d", "1w", "1M" (30 days), "1y" as seconds, or nothing.
std::optional<long> ParsePeriod(std::string_view text);

// Seconds in words: "2 hours 5 minutes"; the two greatest units.
std::string FormatPeriod(long seconds);

}  // namespace hub
