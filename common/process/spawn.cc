#include "common/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace berth::process {
namespace {

// What the child does between fork and exec. Everything it needs is laid out before the fork,
// because a child of a process with threads may only make async-signal-safe calls: no allocation,
// no locks.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* working_directory;
  std::array<int, 3> standard_fds;
  int error_fd;
  pid_t parent;
  std::array<std::pair<__rlimit_resource_t, std::optional<std::uint64_t>>, 4> limits;
};

// Steps of the child that can fail; told to the parent with errno.
enum class Step : int { kParent, kDescriptors, kLimits, kDirectory, kExec };

struct Failure {
  Step step;
  int error;
};

std::string_view StepText(Step step) {
  switch (step) {
    case Step::kParent:
      return "tying the child to its parent";
    case Step::kDescriptors:
      return "setting up standard streams";
    case Step::kLimits:
      return "setting resource limits";
    case Step::kDirectory:
      return "entering the working directory";
    case Step::kExec:
      return "executing the program";
  }
  return "starting";
}

[[noreturn]] void Fail(const ChildPlan& plan, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(plan.error_fd, &failure, sizeof(failure));
  ::_exit(127);
}

// Ignored signals stay ignored across exec, and the mask is kept: both go back to what a program
// expects.
void ResetSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  ::setpgid(0, 0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(plan, Step::kParent);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before the call above
  ResetSignals();
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(plan.standard_fds[fd], fd) < 0) Fail(plan, Step::kDescriptors);
  }
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) Fail(plan, Step::kDescriptors);
  for (const auto& [resource, bound] : plan.limits) {
    const rlimit limit{bound.value_or(0), bound.value_or(0)};
    if (bound.has_value() && ::setrlimit(resource, &limit) != 0) Fail(plan, Step::kLimits);
  }
  if (::chdir(plan.working_directory) != 0) Fail(plan, Step::kDirectory);
  ::execve(plan.program, plan.argv, plan.envp);
  Fail(plan, Step::kExec);
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Both ends above the standard descriptors, so that dup2 in the child cannot overwrite one it still
// needs.
absl::StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe2");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  for (UniqueFd* end : {&pipe.read, &pipe.write}) {
    if (end->get() > 2) continue;
    const int moved = ::fcntl(end->get(), F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return absl::ErrnoToStatus(errno, "fcntl(F_DUPFD_CLOEXEC)");
    *end = UniqueFd(moved);
  }
  return pipe;
}

absl::Status SetNonBlocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "fcntl(O_NONBLOCK)");
}

absl::Status Validate(const Command& command) {
  if (!command.program.starts_with('/') || !command.working_directory.starts_with('/')) {
    return absl::InvalidArgumentError("program and working directory must be absolute paths");
  }
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool bad = has_nul(command.program) || has_nul(command.working_directory);
  for (const std::string& argument : command.arguments) bad = bad || has_nul(argument);
  for (const auto& [name, value] : command.environment) {
    bad = bad || has_nul(name) || has_nul(value) || name.empty() ||
          name.find('=') != std::string::npos;
  }
  if (bad) return absl::InvalidArgumentError("NUL byte in a command, or a malformed variable name");
  return absl::OkStatus();
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// _Fork and not fork: handlers that libraries registered with pthread_atfork have no business
// before an exec. But ThreadSanitizer must see the fork: else the child waits for locks of its
// runtime that other threads of the parent held.
pid_t Fork() {
#ifdef __SANITIZE_THREAD__
  return ::fork();
#else
  return ::_Fork();
#endif
}

// Forks with every signal blocked, so that no handler of ours runs in the child.
pid_t ForkChild(const ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = Fork();
  if (pid == 0) RunChild(plan);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// Empty once the child executes its program, which closes the other end.
std::optional<Failure> ReadFailure(const UniqueFd& fd) {
  Failure failure;
  ssize_t size = 0;
  do {
    size = ::read(fd.get(), &failure, sizeof(failure));
  } while (size < 0 && errno == EINTR);
  if (size == sizeof(failure)) return failure;
  return std::nullopt;
}

absl::Status Reap(pid_t pid, absl::Status status) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

absl::StatusOr<Spawned> Spawn(const Command& command) {
  if (absl::Status status = Validate(command); !status.ok()) return status;
  absl::StatusOr<Pipe> in = MakePipe();
  absl::StatusOr<Pipe> out = MakePipe();
  absl::StatusOr<Pipe> err = MakePipe();
  absl::StatusOr<Pipe> failure_pipe = MakePipe();
  for (const auto* pipe : {&in, &out, &err, &failure_pipe}) {
    if (!pipe->ok()) return pipe->status();
  }
  for (const UniqueFd* ours : {&in->write, &out->read, &err->read}) {
    if (absl::Status status = SetNonBlocking(*ours); !status.ok()) return status;
  }

  std::vector<std::string> arguments = command.arguments;
  arguments.insert(arguments.begin(), command.program);
  std::vector<std::string> environment;
  environment.reserve(command.environment.size());
  for (const auto& [name, value] : command.environment) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  std::vector<char*> argv = Pointers(arguments);
  std::vector<char*> envp = Pointers(environment);
  const ResourceLimits& limits = command.resource_limits;
  const ChildPlan plan{
      .program = command.program.c_str(),
      .argv = argv.data(),
      .envp = envp.data(),
      .working_directory = command.working_directory.c_str(),
      .standard_fds = {in->read.get(), out->write.get(), err->write.get()},
      .error_fd = failure_pipe->write.get(),
      .parent = ::getpid(),
      .limits = {{{RLIMIT_CORE, 0},
                  {RLIMIT_AS, limits.address_space_bytes},
                  {RLIMIT_FSIZE, limits.file_size_bytes},
                  {RLIMIT_NOFILE, limits.open_files}}},
  };
  const pid_t pid = ForkChild(plan);
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  failure_pipe->write.Reset();
  if (const std::optional<Failure> failure = ReadFailure(failure_pipe->read)) {
    return Reap(pid, absl::ErrnoToStatus(failure->error, fmt::format("{}: {}", command.program,
                                                                     StepText(failure->step))));
  }
  // The child is not reaped yet, so its pid cannot have been given to another process.
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return Reap(pid, absl::ErrnoToStatus(errno, "pidfd_open"));
  return Spawned{pid, std::move(pidfd), std::move(in->write), std::move(out->read),
                 std::move(err->read)};
}

}  // namespace berth::process
