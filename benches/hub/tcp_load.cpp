// The traffic over TCP: clients of a running hub that send as fast as it reads, read all it sends,
// and end when the hub has closed every connection. Prints one JSON object: messages, seconds,
// bytes received, and how often each hook must have been called.
//
// Each client is a list of conversations, one a connection: bytes to send, the last of which make
// the hub close it. So the hub's closing tells that it has treated all of them, in order, and
// nothing needs to be read but for its amount.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tables.hpp"
#include "traffic.h"

namespace {

constexpr size_t kClients = 128;
constexpr unsigned long kSeed = 1;
constexpr size_t kMessagesBetweenQuestions = 7;
constexpr const char* kQuestion = "$BotINFO load|";
constexpr std::string_view kAsks = "$BotINFO ";
const traffic::Hooks kQuestionHooks = {W_OnParsedMsgAny, W_OnParsedMsgBotINFO};
constexpr std::string_view kAnswer = "$HubINFO ";
constexpr int kPatienceMs = 30000;

std::runtime_error SystemError(const std::string& what) {
  return std::runtime_error(what + ": " + std::strerror(errno));
}

// Whether a guest is in the list when he is to be kicked would be a matter of time between sockets.
bool MindsItsOwnConnection(const traffic::Kind& kind) {
  return kind.course != traffic::Course::kGuest;
}

struct Plan {
  // By client; the last one is all the strangers, one after the other.
  std::vector<std::deque<std::string>> conversations{kClients + 1};
  unsigned long messages = 0;
  traffic::HookCounts hooks{};
};

Plan MakePlan(size_t messages) {
  Plan plan;
  for (size_t client = 0; client < kClients; ++client) {
    const std::string nick = traffic::NickOf(client);
    plan.conversations[client].push_back(traffic::Login(nick));
    traffic::Add(traffic::LoginHooks(nick), &plan.hooks);
  }
  std::vector<size_t> since_question(kClients, 0);
  traffic::Traffic traffic(kSeed, kClients, MindsItsOwnConnection);
  for (const traffic::Step& step : traffic.Take(messages)) {
    if (step.kind->course == traffic::Course::kStranger) {
      plan.conversations[kClients].push_back(step.bytes);
    } else {
      plan.conversations[step.client].back() += step.bytes;
      since_question[step.client] += traffic::CountMessages(step.bytes);
    }
    if (!step.login.empty()) plan.conversations[step.client].push_back(step.login);
    traffic::Add(step.kind->hooks, &plan.hooks);
    if (since_question[step.client] < kMessagesBetweenQuestions) continue;
    plan.conversations[step.client].back() += kQuestion;
    traffic::Add(kQuestionHooks, &plan.hooks);
    since_question[step.client] = 0;
  }
  for (size_t client = 0; client < kClients; ++client) {
    plan.conversations[client].back() += traffic::kQuit;
    traffic::Add(traffic::QuitHooks(), &plan.hooks);
  }
  for (const auto& conversations : plan.conversations) {
    for (const std::string& bytes : conversations) plan.messages += traffic::CountMessages(bytes);
  }
  return plan;
}

class Clients {
 public:
  Clients(int port, std::vector<std::deque<std::string>> conversations)
      : port_(port), conversations_(std::move(conversations)), epoll_(epoll_create1(0)) {
    if (epoll_ < 0) throw SystemError("cannot wait for events");
  }
  ~Clients() {
    for (const auto& [socket, connection] : connections_) close(socket);
    close(epoll_);
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void Run() {
    for (size_t client = 0; client < conversations_.size(); ++client) Connect(client);
    epoll_event events[64];
    while (!connections_.empty()) {
      const int count = epoll_wait(epoll_, events, 64, kPatienceMs);
      if (count < 0 && errno != EINTR) throw SystemError("cannot wait for events");
      if (count == 0) throw std::runtime_error("the hub was silent for half a minute");
      for (int i = 0; i < count; ++i) {
        if (events[i].events & EPOLLOUT) Send(events[i].data.fd);
        if (events[i].events & ~static_cast<unsigned>(EPOLLOUT)) Receive(events[i].data.fd);
      }
    }
  }

  unsigned long received() const { return received_; }

 private:
  struct Connection {
    size_t client = 0;
    std::string bytes;
    size_t sent = 0;
    bool waits = false;  // for the answer to his question
    std::string heard;   // the end of what came last, where the answer may have begun
  };

  // The client's next conversation, if there is one.
  void Connect(size_t client) {
    if (conversations_[client].empty()) return;
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0) throw SystemError("cannot make a socket");
    Connection& connection = connections_[socket];
    connection.client = client;
    connection.bytes = std::move(conversations_[client].front());
    conversations_[client].pop_front();
    sockaddr_in hub{};
    hub.sin_family = AF_INET;
    hub.sin_port = htons(static_cast<uint16_t>(port_));
    hub.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket, reinterpret_cast<sockaddr*>(&hub), sizeof hub) != 0) {
      throw SystemError("cannot connect to port " + std::to_string(port_));
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Watch(socket, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
  }

  void Watch(int socket, int operation, uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.fd = socket;
    if (epoll_ctl(epoll_, operation, socket, &event) != 0) throw SystemError("cannot watch");
  }

  void Send(int socket) {
    Connection& connection = connections_.at(socket);
    // One message at a time, as clients of people do.
    const std::string& bytes = connection.bytes;
    const size_t part = bytes.find('|', connection.sent) + 1 - connection.sent;
    const ssize_t size =
        send(socket, bytes.data() + connection.sent, part, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) throw SystemError("cannot send to the hub");
    if (size <= 0) return;
    connection.waits = bytes.compare(connection.sent, kAsks.size(), kAsks) == 0;
    connection.sent += static_cast<size_t>(size);
    if (connection.waits || connection.sent == bytes.size()) Watch(socket, EPOLL_CTL_MOD, EPOLLIN);
  }

  // Goes on with sending once the answer is there.
  void Hear(int socket, std::string_view bytes) {
    Connection& connection = connections_.at(socket);
    if (!connection.waits) return;
    connection.heard += bytes;
    if (connection.heard.find(kAnswer) != std::string::npos) {
      connection.waits = false;
      connection.heard.clear();
      if (connection.sent < connection.bytes.size()) {
        Watch(socket, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      }
    } else if (connection.heard.size() > kAnswer.size()) {
      connection.heard.erase(0, connection.heard.size() - kAnswer.size());
    }
  }

  void Receive(int socket) {
    char buffer[256 * 1024];
    const ssize_t size = recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size > 0) {
      received_ += static_cast<unsigned long>(size);
      Hear(socket, {buffer, static_cast<size_t>(size)});
      return;
    }
    const Connection connection = std::move(connections_.at(socket));
    if (connection.sent < connection.bytes.size()) {
      throw std::runtime_error("the hub closed the connection of " +
                               traffic::NickOf(connection.client) + " before he was done");
    }
    close(socket);
    connections_.erase(socket);
    Connect(connection.client);
  }

  int port_;
  std::vector<std::deque<std::string>> conversations_;
  int epoll_;
  std::map<int, Connection> connections_;  // by socket
  unsigned long received_ = 0;
};

void Run(int port, size_t messages) {
  Plan plan = MakePlan(messages);
  Clients clients(port, std::move(plan.conversations));
  const auto start = std::chrono::steady_clock::now();
  clients.Run();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"messages\": %lu, \"seconds\": %.6f, \"received\": %lu, \"hooks\": {",
              plan.messages, seconds, clients.received());
  for (int hook = 0; hook < kHookCount; ++hook) {
    std::printf("%s\"%s\": %lu", hook ? ", " : "", kHooks[hook].name,
                plan.hooks[static_cast<size_t>(hook)]);
  }
  std::printf("}}\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s PORT MESSAGES\n", argv[0]);
    return 2;
  }
  try {
    Run(std::stoi(argv[1]), std::stoul(argv[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
