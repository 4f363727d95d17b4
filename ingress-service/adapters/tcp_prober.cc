#include "ingress-service/adapters/tcp_prober.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <stop_token>
#include <string_view>
#include <utility>

#include "common/status/status.h"

namespace berth::ingress {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr std::string_view kProxyHeader = "PROXY UNKNOWN\r\n";
// How many failures in a row make a served target unserved.
constexpr int kFailuresToBelieve = 3;

void Wake(int fd) {
  const std::uint64_t one = 1;
  // A full counter wakes as well.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof(one));
}

ProbeResult Unreachable(int error) {
  return {ProbeResult::Kind::kUnreachable,
          error == ETIMEDOUT ? "no answer" : ::strerrordesc_np(error)};
}

}  // namespace

// What the prober's thread knows. Lives on its stack; used by no other.
class TcpProber::Loop {
 public:
  explicit Loop(TcpProber& owner) : owner_(owner), options_(owner.options_) {}

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      TakeInbox();
      RunTimers();
      WaitForEvents();
    }
  }

 private:
  enum class Phase { kWaiting, kConnecting, kHolding };

  struct Probe {
    std::string pool;
    Destination destination;
    Phase phase = Phase::kWaiting;
    process::UniqueFd socket;
    /// When the phase ends by itself.
    SteadyTime due;
    /// Since the target was served last, or looked at first.
    SteadyTime failing_since;
    int failures = 0;
    /// What owner_.results_ says.
    std::optional<ProbeResult> known;
  };

  static SteadyTime Now() { return std::chrono::steady_clock::now(); }

  void TakeInbox() {
    std::map<std::string, std::vector<Destination>> inbox;
    {
      MutexLock lock(owner_.mutex_);
      inbox.swap(owner_.inbox_);
    }
    for (auto& [pool, destinations] : inbox) {
      Replace(pool, std::move(destinations));
    }
  }

  void Replace(const std::string& pool, std::vector<Destination> destinations) {
    std::map<std::string, Destination> wanted;
    for (Destination& destination : destinations) {
      std::string token = destination.target.token;
      wanted.insert_or_assign(std::move(token), std::move(destination));
    }
    for (auto it = probes_.begin(); it != probes_.end();) {
      if (it->second.pool == pool && !wanted.contains(it->first)) {
        it = Forget(it);
      } else {
        ++it;
      }
    }
    const SteadyTime now = Now();
    for (auto& [token, destination] : wanted) {
      if (const auto known = probes_.find(token); known != probes_.end()) {
        known->second.destination = std::move(destination);
        continue;
      }
      Probe probe{.pool = pool, .destination = std::move(destination), .failing_since = now};
      SetTimer(token, probes_.emplace(token, std::move(probe)).first->second, now);
    }
  }

  using Probes = std::map<std::string, Probe>;

  Probes::iterator Forget(Probes::iterator it) {
    timers_.erase({it->second.due, it->first});
    Close(it->second);
    MutexLock lock(owner_.mutex_);
    owner_.results_.erase(it->first);
    return probes_.erase(it);
  }

  void SetTimer(const std::string& token, Probe& probe, SteadyTime due) {
    timers_.erase({probe.due, token});
    probe.due = due;
    timers_.emplace(due, token);
  }

  void Close(Probe& probe) {
    if (probe.socket.valid()) {
      probe.socket.Reset();
      --connections_;
    }
    probe.phase = Phase::kWaiting;
  }

  void RunTimers() {
    const SteadyTime now = Now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const std::string token = timers_.begin()->second;
      Probe& probe = probes_.at(token);
      switch (probe.phase) {
        case Phase::kWaiting:
          Begin(token, probe, now);
          break;
        case Phase::kConnecting:
          Conclude(token, probe, Unreachable(ETIMEDOUT));
          break;
        case Phase::kHolding:
          Conclude(token, probe, {ProbeResult::Kind::kServing, "the connection stays open"});
          break;
      }
    }
  }

  void Begin(const std::string& token, Probe& probe, SteadyTime now) {
    if (connections_ >= options_.max_connections) {
      SetTimer(token, probe, now + options_.retry_interval);
      return;
    }
    const Destination& destination = probe.destination;
    if (destination.length == 0) {
      Conclude(token, probe, {ProbeResult::Kind::kUnreachable, "the hostname cannot be looked up"});
      return;
    }
    probe.socket = process::UniqueFd(::socket(
        destination.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!probe.socket.valid()) {
      Conclude(token, probe, Unreachable(errno));
      return;
    }
    ++connections_;
    probe.phase = Phase::kConnecting;
    SetTimer(token, probe, now + options_.connect_timeout);
    const int connected =
        ::connect(probe.socket.get(), reinterpret_cast<const sockaddr*>(&destination.address),
                  destination.length);
    if (connected != 0 && errno != EINPROGRESS) {
      Conclude(token, probe, Unreachable(errno));
      return;
    }
    epoll_event event{.events = EPOLLOUT, .data = {.ptr = &probe}};
    ::epoll_ctl(owner_.epoll_.get(), EPOLL_CTL_ADD, probe.socket.get(), &event);
  }

  void WaitForEvents() {
    milliseconds wait(-1);
    if (!timers_.empty()) {
      wait = std::max(milliseconds(0),
                      std::chrono::ceil<milliseconds>(timers_.begin()->first - Now()));
    }
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(owner_.epoll_.get(), events.data(), events.size(),
                                   static_cast<int>(wait.count()));
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t read = ::read(owner_.wake_.get(), &ignored, sizeof(ignored));
        continue;
      }
      Probe& probe = *static_cast<Probe*>(events[i].data.ptr);
      const std::string token = probe.destination.target.token;
      if (probe.phase == Phase::kConnecting) {
        Connected(token, probe);
      } else if (probe.phase == Phase::kHolding) {
        Read(token, probe);
      }
    }
  }

  void Connected(const std::string& token, Probe& probe) {
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(probe.socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
      Conclude(token, probe, Unreachable(error));
      return;
    }
    if (probe.destination.target.send_proxy_header) {
      // Fits into the empty buffer of a new connection; if the peer is gone, the read says so.
      [[maybe_unused]] const ssize_t sent =
          ::send(probe.socket.get(), kProxyHeader.data(), kProxyHeader.size(), MSG_NOSIGNAL);
    }
    probe.phase = Phase::kHolding;
    SetTimer(token, probe, Now() + options_.hold);
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = &probe}};
    ::epoll_ctl(owner_.epoll_.get(), EPOLL_CTL_MOD, probe.socket.get(), &event);
  }

  void Read(const std::string& token, Probe& probe) {
    char byte = 0;
    const ssize_t count = ::recv(probe.socket.get(), &byte, 1, 0);
    if (count > 0) {
      Conclude(token, probe, {ProbeResult::Kind::kServing, "the connection delivered data"});
    } else if (count == 0) {
      Conclude(token, probe,
               {ProbeResult::Kind::kClosed, "it accepts connections and closes them"});
    } else if (errno != EAGAIN) {
      Conclude(token, probe,
               {ProbeResult::Kind::kClosed, "it accepts connections and resets them"});
    }
  }

  void Conclude(const std::string& token, Probe& probe, ProbeResult result) {
    Close(probe);
    const SteadyTime now = Now();
    if (result.kind == ProbeResult::Kind::kServing) {
      probe.failures = 0;
      probe.failing_since = now;
      SetTimer(token, probe, now + options_.recheck_interval);
      Publish(token, probe, std::move(result));
      return;
    }
    const bool was_served = probe.known && probe.known->kind == ProbeResult::Kind::kServing;
    if (probe.failures++ == 0) {
      probe.failing_since = was_served ? now : probe.failing_since;
    }
    SetTimer(token, probe, now + RetryDelay(now - probe.failing_since));
    if (!was_served || probe.failures >= kFailuresToBelieve) {
      Publish(token, probe, std::move(result));
    }
  }

  milliseconds RetryDelay(SteadyTime::duration failing_for) const {
    if (failing_for < std::chrono::seconds(15)) {
      return options_.retry_interval;
    }
    return options_.retry_interval * (failing_for < std::chrono::minutes(2) ? 10 : 40);
  }

  // Tells the owner, unless what it knows says the same.
  void Publish(const std::string& token, Probe& probe, ProbeResult result) {
    if (probe.known && probe.known->kind == result.kind) {
      return;
    }
    probe.known = result;
    {
      MutexLock lock(owner_.mutex_);
      owner_.results_.insert_or_assign(token, std::move(result));
    }
    options_.on_change(probe.pool);
  }

  TcpProber& owner_;
  const Options& options_;
  Probes probes_;
  std::set<std::pair<SteadyTime, std::string>> timers_;
  std::size_t connections_ = 0;
};

absl::StatusOr<std::unique_ptr<TcpProber>> TcpProber::Start(Options options) {
  process::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  process::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (!epoll.valid() || !wake.valid() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 "the prober got no file descriptors from the system");
  }
  return std::unique_ptr<TcpProber>(
      new TcpProber(std::move(options), std::move(epoll), std::move(wake)));
}

TcpProber::TcpProber(Options options, process::UniqueFd epoll, process::UniqueFd wake)
    : options_(std::move(options)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      thread_([this](const std::stop_token& stop) {
        ::pthread_setname_np(::pthread_self(), "prober");
        Loop(*this).Run(stop);
      }) {}

TcpProber::~TcpProber() {
  thread_.request_stop();
  Wake(wake_.get());
}

TcpProber::Destination TcpProber::LookUp(ProbeTarget target) {
  Destination destination{.target = std::move(target)};
  const addrinfo hints{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const std::string port = destination.target.port.ToString();
  if (::getaddrinfo(destination.target.host.c_str(), port.c_str(), &hints, &found) == 0) {
    std::memcpy(&destination.address, found->ai_addr, found->ai_addrlen);
    destination.length = found->ai_addrlen;
    ::freeaddrinfo(found);
  }
  return destination;
}

void TcpProber::Watch(const std::string& pool, std::vector<ProbeTarget> targets) {
  std::vector<Destination> destinations;
  destinations.reserve(targets.size());
  for (ProbeTarget& target : targets) {
    destinations.push_back(LookUp(std::move(target)));
  }
  {
    MutexLock lock(mutex_);
    inbox_.insert_or_assign(pool, std::move(destinations));
  }
  Wake(wake_.get());
}

std::optional<ProbeResult> TcpProber::Latest(const std::string& token) const {
  MutexLock lock(mutex_);
  const auto found = results_.find(token);
  return found == results_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace berth::ingress
