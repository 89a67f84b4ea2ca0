// The clients that the fuzzer plays, and what they must never receive.
#include "clients.h"

#include <cstdio>
#include <cstdlib>

#include "protocol.h"
#include "text.h"

namespace fuzz {

namespace {

[[noreturn]] void Fail(const char* what, std::string_view message) {
  std::fprintf(stderr, "hub_fuzzer: %s: %.*s\n", what, static_cast<int>(message.size()),
               message.data());
  std::abort();
}

// The nick of a message that other clients take for a user's.
void CheckNick(std::string_view message, std::string_view name) {
  if (!hub::StartsWith(message, name)) return;
  std::string_view rest = message.substr(name.size());
  const std::string_view nick = rest.substr(0, rest.find(' '));
  if (hub::IsNickBad(nick)) Fail("a bad nick", message);
}

// Clients have addresses of this kind only, and no script here makes a search.
void CheckSearch(std::string_view message) {
  if (!hub::StartsWith(message, "$Search ")) return;
  const auto source = hub::ParseSearch(message);
  if (!source || (source->nick.empty() && !hub::StartsWith(source->ip, "10.0.0."))) {
    Fail("a search for nobody's address", message);
  }
}

void CheckMessage(std::string_view message) {
  if (message.find('\0') != std::string_view::npos) Fail("a NUL byte", message);
  for (const char* name : {"$Hello ", "$Quit ", "$MyINFO $ALL "}) CheckNick(message, name);
  CheckSearch(message);
}

}  // namespace

std::string Clients::Nick(size_t client) {
  return client == 0 ? "admin" : "user" + std::to_string(client);
}

void Clients::Do(std::string_view step) {
  if (step.empty()) return;
  const auto client_of = [](char letter) { return static_cast<unsigned char>(letter) % kCount; };
  const char what = step[0];
  if (what == 'T') {
    hub_.Tick(now_ += 1);
  } else if (what == 'L' && step.size() > 1) {
    LogIn(client_of(step[1]));
  } else if (what == 'C' && step.size() > 1) {
    Cut(client_of(step[1]));
  } else {
    Send(client_of(what), step.substr(1));
  }
  CheckOutputs();
}

hub::Session* Clients::Connected(size_t client) {
  auto& session = sessions_[client];
  if (!session || session->gone) {
    session = hub_.Connect("10.0.0." + std::to_string(client + 1), 50000);
  }
  return session->gone ? nullptr : session.get();
}

void Clients::Send(size_t client, std::string_view bytes) {
  if (hub::Session* session = Connected(client)) hub_.Receive(*session, bytes);
}

void Clients::LogIn(size_t client) {
  const std::string nick = Nick(client);
  Send(client, "$Supports NoGetINFO NoHello UserIP2 BotList MCTo ExtJSON2|$Key " +
                   hub::LockToKey(hub::kLock) + "|$ValidateNick " + nick + '|');
  if (client == 0) Send(client, std::string("$MyPass ") + kPassword + '|');
  Send(client, "$Version 1,0091|$GetNickList|$MyINFO $ALL " + nick +
                   " <x V:1,M:A,H:1/0/0,S:1>$ $1\x01$$100$|");
}

void Clients::Cut(size_t client) {
  auto& session = sessions_[client];
  if (session) hub_.Disconnect(*session, hub::kCloseQuit);
  session.reset();
}

void Clients::CheckOutputs() {
  for (const auto& session : sessions_) {
    if (!session) continue;
    const std::string output = session->TakeOutput();
    for (std::string_view rest = output; !rest.empty();) {
      const size_t end = rest.find('|');
      if (end == std::string_view::npos) Fail("a message without an end", rest);
      CheckMessage(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
}

void Clients::Leave() {
  for (size_t client = 0; client < kCount; ++client) Cut(client);
  hub_.Tick(now_ += 1);
  if (hub_.users().PeopleCount() != 0) Fail("somebody stays when all have left", "");
}

}  // namespace fuzz
