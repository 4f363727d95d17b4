#include "common/grpc/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace berth::rpc {
namespace {

// Without its signals a server cannot be stopped in order; this fails only when the process is out
// of descriptors.
int CheckedDescriptor(int descriptor) {
  if (descriptor < 0) {
    std::abort();
  }
  return descriptor;
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal_fd_ = CheckedDescriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  wake_fd_ = CheckedDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

StopSignal::~StopSignal() {
  close(signal_fd_);
  close(wake_fd_);
}

void StopSignal::Request(Stop stop) {
  MutexLock lock(mutex_);
  const bool more_urgent = requested_.has_value() && requested_->urgency == Stop::Urgency::kDrain &&
                           stop.urgency == Stop::Urgency::kNow;
  if (!requested_.has_value() || more_urgent) {
    requested_ = std::move(stop);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));  // cannot fail here
}

Stop StopSignal::Wait() {
  pollfd descriptors[] = {{.fd = signal_fd_, .events = POLLIN, .revents = 0},
                          {.fd = wake_fd_, .events = POLLIN, .revents = 0}};
  while (poll(descriptors, 2, -1) < 0 && errno == EINTR) {
  }
  {
    MutexLock lock(mutex_);
    if (requested_.has_value()) {
      return *requested_;
    }
  }
  signalfd_siginfo signal{};
  const bool interrupted =
      read(signal_fd_, &signal, sizeof(signal)) == sizeof(signal) && signal.ssi_signo == SIGINT;
  return Stop{.reason = interrupted ? "SIGINT" : "SIGTERM"};
}

}  // namespace berth::rpc
