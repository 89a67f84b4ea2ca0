// Clients of a hub in this process: what they send goes straight into the hub's treatment of
// messages, as if it came from sockets.
#include "crowd.h"

#include <stdexcept>

namespace traffic {

namespace {

constexpr int kPort = 50000;
constexpr size_t kStepsBetweenReads = 64;

}  // namespace

void Prepare(hub::Hub* hub) {
  hub->config().Set("config", "flood_messages", "0");
  hub->config().Set("config", "tban_kick", "0");
  hub->registrations().Add({kOperatorNick, kOperatorClass, kOperatorPassword}, "setup");
  hub->AddRobot(kRobot, 0, {}, hub::kHubItself);
}

void Crowd::Enter() {
  for (size_t client = 0; client < sessions_.size(); ++client) {
    const std::string nick = NickOf(client), bytes = Login(nick);
    sessions_[client] = LogIn(nick, bytes);
    messages_ += CountMessages(bytes);
    Add(LoginHooks(nick), &expected_);
  }
}

void Crowd::Leave() {
  for (const auto& session : sessions_) {
    hub_.Receive(*session, kQuit);
    MustEnd(*session, kQuit);
    ++messages_;
    Add(QuitHooks(), &expected_);
  }
}

std::shared_ptr<hub::Session> Crowd::LogIn(const std::string& nick, const std::string& bytes) {
  auto session = hub_.Connect(kClientAddress, kPort);
  hub_.Receive(*session, bytes);
  if (!session->InList() || session->gone) {
    throw std::runtime_error("the hub did not let " + nick + " in; it said: " + session->output());
  }
  return session;
}

void Crowd::MustEnd(const hub::Session& session, const std::string& bytes) const {
  if (!session.gone) {
    throw std::runtime_error("the hub kept the connection open after: " + bytes);
  }
}

void Crowd::Do(const Step& step) {
  auto& session = sessions_[step.client];
  switch (step.kind->course) {
    case Course::kStays:
      hub_.Receive(*session, step.bytes);
      if (session->gone) throw std::runtime_error("the hub closed after: " + step.bytes);
      break;
    case Course::kComesBack:
      hub_.Receive(*session, step.bytes);
      MustEnd(*session, step.bytes);
      session = LogIn(step.nick, step.login);
      break;
    case Course::kStranger: {
      const auto stranger = hub_.Connect(kClientAddress, kPort);
      hub_.Receive(*stranger, step.bytes);
      MustEnd(*stranger, step.bytes);
      break;
    }
    case Course::kGuest: {
      const auto guest = LogIn(kGuest, step.login);
      hub_.Receive(*session, step.bytes);
      MustEnd(*guest, step.bytes);
      break;
    }
  }
  messages_ += step.messages;
  Add(step.kind->hooks, &expected_);
  if (++since_read_ == kStepsBetweenReads) Read();
}

void Crowd::Read() {
  for (const auto& session : sessions_) session->DropOutput(session->output().size());
  since_read_ = 0;
}

}  // namespace traffic
