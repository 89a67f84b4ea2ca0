// How long what clients send may be.
#include "message_limits.h"

#include "protocol.h"
#include "text.h"

namespace hub {

namespace {

struct Limit {
  const char* prefix;
  size_t size;
};

// Several times what clients send. Nicks have kMaxNick bytes at most.
constexpr Limit kLimits[] = {
    {"$Key ", 1024},         {"$ValidateNick ", 1024},   {"$MyPass ", 8 + kMaxPassword},
    {"$MyNick ", 512},       {"$Lock ", 1024},           {"$Supports ", 1024},
    {"$Version ", 128},      {"$GetNickList", 64},       {"$MyINFO ", 2048},
    {"$MyHubURL ", 512},     {"$ExtJSON ", 4096},        {"$BotINFO ", 512},
    {"$Quit", 512},          {"$Search ", 2048},         {"$SR ", 4096},
    {"$ConnectToMe ", 1024}, {"$RevConnectToMe ", 1024}, {"$GetINFO ", 1024},
    {"$Kick ", 512},         {"$OpForceMove ", 4096},
};

constexpr const char* kReadByPeople[] = {"<", "$To: ", "$MCTo: "};

}  // namespace

size_t MaxSizeOf(const std::string& message, size_t chat, size_t otherwise) {
  for (const char* prefix : kReadByPeople) {
    if (StartsWith(message, prefix)) return chat;
  }
  for (const Limit& limit : kLimits) {
    if (StartsWith(message, limit.prefix)) return limit.size;
  }
  return otherwise;
}

}  // namespace hub
