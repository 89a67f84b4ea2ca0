// The network: one thread, one epoll set, every client's bytes to the hub and back.
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "hub.h"
#include "log.h"
#include "text.h"

namespace hub {

namespace {

constexpr int kEventsAtOnce = 256;
constexpr size_t kReadSize = 64 * 1024;
// Seconds a client that does not read has to take the hub's last words.
constexpr double kLastWordsTime = 5;

}  // namespace

Server::Server(Hub* hub, const std::string& address, int port) : hub_(*hub) {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &local.sin_addr) != 1) {
    throw std::runtime_error("'" + address + "' is no IPv4 address to listen on");
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_ < 0) throw SystemError("cannot make a socket");
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 ||
      listen(listener_, SOMAXCONN) != 0) {
    const auto error = SystemError("cannot listen on " + address + ':' + std::to_string(port));
    close(listener_);
    throw error;
  }
  socklen_t size = sizeof local;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&local), &size);
  port_ = ntohs(local.sin_port);
  hub_.listen_port = port_;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll_ < 0 || wake_ < 0) throw SystemError("cannot wait for events");
  for (const int descriptor : {listener_, wake_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }
}

Server::~Server() {
  for (const auto& [descriptor, client] : clients_) close(descriptor);
  close(wake_);
  close(epoll_);
  close(listener_);
}

void Server::RequestStop() {
  // Only async-signal-safe calls here.
  stop_requested_ = true;
  const uint64_t one = 1;
  const ssize_t written = write(wake_, &one, sizeof one);
  (void)written;  // a full counter wakes the loop just as well
}

void Server::Run() {
  double next_tick = std::floor(Hub::Now()) + 1;
  long rounds = 0;
  epoll_event events[kEventsAtOnce];
  while (!stop_requested_ && !hub_.stopping()) {
    // A clock that is put back must not let the timers stand still.
    next_tick = std::min(next_tick, std::floor(Hub::Now()) + 1);
    const double wait = std::max(0.0, next_tick - Hub::Now());
    const int count = epoll_wait(epoll_, events, kEventsAtOnce, static_cast<int>(wait * 1000) + 1);
    if (count < 0 && errno != EINTR) throw SystemError("cannot wait for events");
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener_) {
        Accept();
      } else if (descriptor != wake_ && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
        Read(descriptor);
      }
    }
    ++rounds;
    const double now = Hub::Now();
    if (now >= next_tick) {
      hub_.loop_frequency = static_cast<double>(rounds);
      rounds = 0;
      next_tick = std::floor(now) + 1;
      hub_.Tick(now);
      if (!accepting_) SetAccepting(true);
    }
    FlushAll();
  }
}

void Server::Accept() {
  for (;;) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const int descriptor =
        accept4(listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      // Most likely too many open files: trying again at once would only burn time.
      LogError(std::string("cannot accept a connection: ") + std::strerror(errno) +
               "; trying again in a second");
      SetAccepting(false);
      return;
    }
    // Chat is many small messages that should not wait for each other.
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char ip[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &peer.sin_addr, ip, sizeof ip);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    clients_[descriptor].session = hub_.Connect(ip, ntohs(peer.sin_port));
  }
}

void Server::SetAccepting(bool accepting) {
  accepting_ = accepting;
  epoll_event event{};
  event.events = accepting ? EPOLLIN : 0u;
  event.data.fd = listener_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, listener_, &event);
}

void Server::Read(int descriptor) {
  const auto found = clients_.find(descriptor);
  if (found == clients_.end()) return;
  Session& session = *found->second.session;
  char buffer[kReadSize];
  const ssize_t size = recv(descriptor, buffer, sizeof buffer, 0);
  if (size > 0) {
    if (!session.gone) hub_.Receive(session, {buffer, static_cast<size_t>(size)});
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    hub_.Disconnect(session, kCloseQuit);
    Forget(descriptor);
  }
}

void Server::FlushAll() {
  std::vector<int> descriptors;
  for (const auto& [descriptor, client] : clients_) {
    if (client.session->gone || !client.session->output().empty())
      descriptors.push_back(descriptor);
  }
  for (const int descriptor : descriptors) Flush(descriptor);
}

void Server::Flush(int descriptor) {
  Client& client = clients_.at(descriptor);
  Session& session = *client.session;
  const double now = Hub::Now();
  const std::string& output = session.output();
  if (!output.empty()) {
    const ssize_t size = send(descriptor, output.data(), output.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
      hub_.Disconnect(session, kCloseQuit);
      Forget(descriptor);
      return;
    }
    if (size > 0) {
      session.DropOutput(static_cast<size_t>(size));
      session.last_sent = now;
    }
  }
  if (session.gone) {
    if (client.gone_since == 0) client.gone_since = now;
    if (output.empty() || now - client.gone_since > kLastWordsTime) {
      Forget(descriptor);
      return;
    }
  }
  const bool more = !output.empty();
  if (more != client.watched_for_writing) {
    client.watched_for_writing = more;
    Watch(descriptor, more);
  }
}

void Server::Watch(int descriptor, bool for_writing) {
  epoll_event event{};
  event.events = EPOLLIN | (for_writing ? EPOLLOUT : 0u);
  event.data.fd = descriptor;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

void Server::Forget(int descriptor) {
  close(descriptor);
  clients_.erase(descriptor);
}

}  // namespace hub
