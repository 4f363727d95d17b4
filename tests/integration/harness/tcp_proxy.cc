#include "tests/integration/harness/tcp_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace berth::harness {
namespace {

constexpr std::size_t kMaxHeld = std::size_t{1} << 20;
constexpr int kPollMs = 1000;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// Close sends RST instead of FIN.
void Reset(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

/// One direction of a connection: bytes read and not yet written.
struct Pipe {
  std::string held;

  /// False at the end of the stream or on an error.
  bool Fill(int from) {
    std::array<char, 65536> chunk;
    const ssize_t count = recv(from, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    held.append(chunk.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  bool Drain(int to) {
    const ssize_t count = send(to, held.data(), held.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    held.erase(0, static_cast<std::size_t>(count));
    return true;
  }
};

}  // namespace

struct TcpProxy::Connection {
  int client = -1;
  int server = -1;
  Pipe to_server;
  Pipe to_client;

  short ClientEvents() const {
    return static_cast<short>((to_server.held.size() < kMaxHeld ? POLLIN : 0) |
                              (to_client.held.empty() ? 0 : POLLOUT));
  }
  short ServerEvents() const {
    return static_cast<short>((to_client.held.size() < kMaxHeld ? POLLIN : 0) |
                              (to_server.held.empty() ? 0 : POLLOUT));
  }
  /// One side closed in order: so does the proxy.
  bool closed_in_order = false;

  ~Connection() {
    for (const int fd : {client, server}) closed_in_order ? (void)close(fd) : Reset(fd);
  }
};

absl::StatusOr<std::unique_ptr<TcpProxy>> TcpProxy::Start(int target_port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  constexpr int kBacklog = 64;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, kBacklog) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    close(listener);
    return absl::InternalError("the proxy cannot listen");
  }
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return std::unique_ptr<TcpProxy>(
      new TcpProxy(listener, wake, ntohs(address.sin_port), target_port));
}

TcpProxy::TcpProxy(int listener, int wake, int port, int target_port)
    : listener_(listener), wake_(wake), port_(port), target_port_(target_port) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  Wake();
  thread_.join();
  close(listener_);
  close(wake_);
}

void TcpProxy::Wake() { eventfd_write(wake_, 1); }

void TcpProxy::CutConnections() {
  {
    MutexLock lock(mutex_);
    orders_.cut = true;
  }
  Wake();
}

void TcpProxy::RefuseConnections(bool refuse) {
  {
    MutexLock lock(mutex_);
    orders_.refuse = refuse;
  }
  Wake();
}

void TcpProxy::Stall(bool stall) {
  {
    MutexLock lock(mutex_);
    orders_.stall = stall;
  }
  Wake();
}

int TcpProxy::connections_made() const {
  MutexLock lock(mutex_);
  return connections_made_;
}

bool TcpProxy::IsRefusing() const {
  MutexLock lock(mutex_);
  return orders_.refuse;
}

TcpProxy::Orders TcpProxy::TakeOrders() {
  MutexLock lock(mutex_);
  const Orders orders = orders_;
  orders_.cut = false;
  return orders;
}

void TcpProxy::Run(const std::stop_token& stop) {
  std::vector<pollfd> fds;
  while (!stop.stop_requested()) {
    const Orders orders = TakeOrders();
    if (orders.cut) connections_.clear();
    fds = {{.fd = wake_, .events = POLLIN}, {.fd = listener_, .events = POLLIN}};
    if (!orders.stall) {
      for (const auto& connection : connections_) {
        fds.push_back({.fd = connection->client, .events = connection->ClientEvents()});
        fds.push_back({.fd = connection->server, .events = connection->ServerEvents()});
      }
    }
    poll(fds.data(), fds.size(), kPollMs);
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
    std::size_t at = 2;
    if (!orders.stall) {
      std::erase_if(connections_, [&](const auto& connection) {
        const short client = fds[at++].revents;
        const short server = fds[at++].revents;
        return !Forward(*connection, client, server);
      });
    }
    if ((fds[1].revents & POLLIN) != 0) Accept();
  }
  connections_.clear();
}

void TcpProxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in target = Loopback(target_port_);
  auto connection = std::make_unique<Connection>();
  connection->client = client;
  connection->server = server;
  if (IsRefusing() ||
      connect(server, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) {
    return;
  }
  connections_.push_back(std::move(connection));
  MutexLock lock(mutex_);
  ++connections_made_;
}

bool TcpProxy::Forward(Connection& connection, short client_events, short server_events) {
  constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
  if ((client_events & kReadable) != 0 && !connection.to_server.Fill(connection.client)) {
    connection.closed_in_order = true;
    return false;
  }
  if ((server_events & kReadable) != 0 && !connection.to_client.Fill(connection.server)) {
    (void)connection.to_client.Drain(connection.client);
    connection.closed_in_order = true;
    return false;
  }
  if (!connection.to_server.held.empty() && !connection.to_server.Drain(connection.server)) {
    return false;
  }
  return connection.to_client.held.empty() || connection.to_client.Drain(connection.client);
}

}  // namespace berth::harness
