#include "common/process/supervisor.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/process/line_splitter.h"
#include "common/process/spawn.h"

namespace berth::process {
namespace {

using Clock = std::chrono::steady_clock;

// An epoll event names the child by its id and the descriptor by its kind; an event of a child that
// is gone by then finds nothing.
enum class Source : std::uint64_t { kExit = 0, kInput = 1, kOutput = 2, kError = 3 };

constexpr std::uint64_t kWakeEvent = 0;

std::uint64_t EventKey(Supervisor::Id id, Source source) {
  return id << 2 | static_cast<std::uint64_t>(source);
}

absl::Status ShutDown() { return absl::CancelledError("the supervisor has been shut down"); }

absl::Status Register(int epoll, int fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "epoll_ctl");
}

}  // namespace

// One child: its descriptors, what is left to write, lines under construction, timers.
class Supervisor::Child {
 public:
  Child(Command command, Callbacks callbacks, Spawned spawned)
      : input_(std::move(command.standard_input)),
        policy_(command.stop_policy),
        output_left_(command.output_limits.total_bytes),
        callbacks_(std::move(callbacks)),
        spawned_(std::move(spawned)),
        streams_{{{&spawned_.standard_output, Stream::kStdout,
                   LineSplitter(command.output_limits.line_bytes)},
                  {&spawned_.standard_error, Stream::kStderr,
                   LineSplitter(command.output_limits.line_bytes)}}} {
    if (command.timeout.has_value()) deadline_ = Clock::now() + *command.timeout;
  }

  absl::Status RegisterAll(int epoll, Id id) {
    const std::array<std::pair<int, Source>, 3> readable{
        {{spawned_.pidfd.get(), Source::kExit},
         {spawned_.standard_output.get(), Source::kOutput},
         {spawned_.standard_error.get(), Source::kError}}};
    for (const auto& [fd, source] : readable) {
      absl::Status status = Register(epoll, fd, EPOLLIN, EventKey(id, source));
      if (!status.ok()) return status;
    }
    return Register(epoll, spawned_.standard_input.get(), EPOLLOUT, EventKey(id, Source::kInput));
  }

  void WriteInput() {
    while (written_ < input_.size()) {
      const ssize_t size = ::write(spawned_.standard_input.get(), input_.data() + written_,
                                   input_.size() - written_);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) return;
      if (size < 0) break;  // the child closed its end; what it did not read is its own affair
      written_ += static_cast<std::size_t>(size);
    }
    spawned_.standard_input.Reset();
    std::string().swap(input_);
  }

  // Reads one buffer at a time, so that a child which writes without end cannot keep the others
  // from their turn. Returns whether there may be more.
  bool ReadOutput(Source source) {
    Output& output = streams_[source == Source::kOutput ? 0 : 1];
    if (!output.fd->valid()) return false;
    std::array<char, 65'536> buffer;
    const ssize_t size = ::read(output.fd->get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) {
      output.fd->Reset();
      return false;
    }
    const auto kept = std::min(static_cast<std::size_t>(size), output_left_);
    output_left_ -= kept;
    if (kept < static_cast<std::size_t>(size)) exit_.output_truncated = true;
    output.lines.Feed(std::string_view(buffer.data(), kept), Emitter(output));
    return true;
  }

  void Signal(int signal) { ::kill(-spawned_.pid, signal); }

  void Stop() {
    if (exit_.stopped) return;
    if (!policy_.signal.has_value()) return Kill();
    exit_.stopped = true;
    Signal(*policy_.signal);
    kill_at_ = Clock::now() + policy_.grace;
  }

  void Kill() {
    exit_.stopped = true;
    kill_at_.reset();
    Signal(SIGKILL);
  }

  std::optional<Clock::time_point> NextTimer() const {
    if (kill_at_.has_value()) return kill_at_;
    return exit_.stopped ? std::nullopt : deadline_;
  }

  void FireTimer(Clock::time_point now) {
    const std::optional<Clock::time_point> timer = NextTimer();
    if (!timer.has_value() || now < *timer) return;
    if (kill_at_.has_value()) return Kill();
    exit_.timed_out = true;
    Stop();
  }

  // The child has ended: kills the rest of its group while its pid, and so the group's id, is still
  // taken, reaps it and takes what the pipes hold. A stray process that left the group may keep
  // them open; it is not waited for.
  void Finish() {
    Signal(SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(spawned_.pid), &info, WEXITED) < 0 && errno == EINTR) {
    }
    (info.si_code == CLD_EXITED ? exit_.code : exit_.signal) = info.si_status;
    for (const Source source : {Source::kOutput, Source::kError}) {
      // What is left is at most a pipe's capacity; a stray writer must not hold us here.
      for (int reads = 0; reads < 64 && ReadOutput(source); ++reads) {
      }
    }
    for (Output& output : streams_) output.lines.Finish(Emitter(output));
    spawned_ = Spawned{};  // nothing of the child is left when its end is reported
    callbacks_.on_exit(exit_);
  }

 private:
  struct Output {
    UniqueFd* fd;
    Stream stream;
    LineSplitter lines;
  };

  LineSplitter::Emit Emitter(const Output& output) {
    return [this, stream = output.stream](std::string text) {
      if (callbacks_.on_line) callbacks_.on_line(OutputLine{stream, std::move(text)});
    };
  }

  std::string input_;
  std::size_t written_ = 0;
  const StopPolicy policy_;
  std::size_t output_left_;
  const Callbacks callbacks_;
  Spawned spawned_;
  std::array<Output, 2> streams_;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> kill_at_;
  Exit exit_;
};

absl::StatusOr<std::unique_ptr<Supervisor>> Supervisor::Create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return absl::ErrnoToStatus(errno, "epoll_create1");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "eventfd");
  absl::Status status = Register(epoll.get(), wake.get(), EPOLLIN, kWakeEvent);
  if (!status.ok()) return status;
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(epoll), std::move(wake)));
}

Supervisor::Supervisor(UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

Supervisor::~Supervisor() { Shutdown(); }

void Supervisor::BeginShutdown() {
  thread_.request_stop();
  Post([] {});
}

void Supervisor::Shutdown() {
  BeginShutdown();
  if (thread_.joinable()) thread_.join();
}

Supervisor::Id Supervisor::Start(Command command, Callbacks callbacks) {
  Id id = 0;
  {
    const MutexLock lock(mutex_);
    id = next_id_++;
  }
  const bool posted = Post([this, id, command = std::move(command), callbacks]() mutable {
    Launch(id, std::move(command), std::move(callbacks));
  });
  if (!posted) callbacks.on_exit(ShutDown());
  return id;
}

void Supervisor::Stop(Id id) {
  Apply(id, [](Child& child) { child.Stop(); });
}

void Supervisor::Signal(Id id, int signal) {
  Apply(id, [signal](Child& child) { child.Signal(signal); });
}

void Supervisor::Kill(Id id) {
  Apply(id, [](Child& child) { child.Kill(); });
}

void Supervisor::Apply(Id id, std::function<void(Child& child)> action) {
  Post([this, id, action = std::move(action)] {
    if (const auto found = children_.find(id); found != children_.end()) action(*found->second);
  });
}

absl::StatusOr<Result> Supervisor::Run(Command command) {
  // Written by the supervisor's thread, read here once `done`.
  std::vector<OutputLine> lines;
  absl::StatusOr<Exit> exit;
  absl::Notification done;
  Start(std::move(command),
        Callbacks{
            .on_line = [&](OutputLine line) { lines.push_back(std::move(line)); },
            .on_exit =
                [&](absl::StatusOr<Exit> result) {
                  exit = std::move(result);
                  done.Notify();
                },
        });
  done.WaitForNotification();
  if (!exit.ok()) return exit.status();
  return Result{*exit, std::move(lines)};
}

bool Supervisor::Post(Task task) {
  {
    const MutexLock lock(mutex_);
    if (ended_) return false;
    tasks_.push_back(std::move(task));
  }
  constexpr std::uint64_t kOne = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &kOne, sizeof(kOne));
  return true;
}

bool Supervisor::EndIfIdle() {
  const MutexLock lock(mutex_);
  ended_ = stopping_ && children_.empty() && tasks_.empty();
  return ended_;
}

std::vector<Supervisor::Task> Supervisor::TakeTasks() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(wake_.get(), &count, sizeof(count));
  const MutexLock lock(mutex_);
  return std::exchange(tasks_, {});
}

void Supervisor::Loop(const std::stop_token& stop) {
  // The process handles its signals elsewhere, and a child that closes its input early must not
  // raise SIGPIPE.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  while (true) {
    for (Task& task : TakeTasks()) task();
    if (stop.stop_requested() && !stopping_) {
      stopping_ = true;
      for (auto& [id, child] : children_) child->Kill();
    }
    if (EndIfIdle()) return;
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   MillisecondsToNextTimer());
    for (int i = 0; i < count; ++i) Dispatch(events[i].data.u64);
    FireTimers();
  }
}

void Supervisor::Launch(Id id, Command command, Callbacks callbacks) {
  if (stopping_) {
    callbacks.on_exit(ShutDown());
    return;
  }
  absl::StatusOr<Spawned> spawned = Spawn(command);
  if (!spawned.ok()) {
    callbacks.on_exit(spawned.status());
    return;
  }
  auto child =
      std::make_unique<Child>(std::move(command), std::move(callbacks), *std::move(spawned));
  if (!child->RegisterAll(epoll_.get(), id).ok()) {
    // Out of kernel memory: without epoll nothing would tell of its end.
    child->Kill();
    child->Finish();
    return;
  }
  children_.emplace(id, std::move(child));
}

void Supervisor::Dispatch(std::uint64_t event) {
  if (event == kWakeEvent) return;  // its tasks are taken at the top of the loop
  const Id id = event >> 2;
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  switch (static_cast<Source>(event & 3)) {
    case Source::kExit:
      return OnExited(id);
    case Source::kInput:
      return found->second->WriteInput();
    case Source::kOutput:
      found->second->ReadOutput(Source::kOutput);
      return;
    case Source::kError:
      found->second->ReadOutput(Source::kError);
      return;
  }
}

void Supervisor::OnExited(Id id) {
  // Taken out first: the callback may post, and must not find the child again.
  auto child = std::move(children_.extract(id).mapped());
  child->Finish();
}

int Supervisor::MillisecondsToNextTimer() const {
  std::optional<Clock::time_point> next;
  for (const auto& [id, child] : children_) {
    const std::optional<Clock::time_point> timer = child->NextTimer();
    if (timer.has_value() && (!next.has_value() || *timer < *next)) next = timer;
  }
  if (!next.has_value()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

void Supervisor::FireTimers() {
  const Clock::time_point now = Clock::now();
  for (auto& [id, child] : children_) child->FireTimer(now);
}

}  // namespace berth::process
