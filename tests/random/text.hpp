// What the contract says of text and JSON, without help of the library: bytes of the hub as
// Python's code points, and code points as JSON text.
#pragma once

#include <string>
#include <vector>

enum class Encoding { kUtf8, kLatin1 };

// Bytes that do not decode become the surrogates U+DC80 to U+DCFF.
std::vector<unsigned> Decode(const std::string& bytes, Encoding encoding);
// As subject.py describes a str.
std::string DescribeText(const std::vector<unsigned>& points);
std::string JsonText(const std::vector<unsigned>& points);
