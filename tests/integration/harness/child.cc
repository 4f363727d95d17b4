#include "tests/integration/harness/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace berth::harness {
namespace {

constexpr pid_t kNone = -1;
constexpr int kExecFailed = 127;

}  // namespace

absl::StatusOr<Child> Child::Start(const std::vector<std::string>& argv,
                                   const std::string& log_file) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return absl::InternalError(fmt::format("{}: {}", log_file, std::strerror(errno)));
  const pid_t pid = fork();
  if (pid == 0) {
    // Only calls that are safe after fork in a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(pointers[0], pointers.data());
    _exit(kExecFailed);
  }
  close(log);
  if (pid < 0) return absl::InternalError(fmt::format("fork: {}", std::strerror(errno)));
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, kNone)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Stop(SIGKILL);
    pid_ = std::exchange(other.pid_, kNone);
  }
  return *this;
}

Child::~Child() { Stop(SIGKILL); }

bool Child::IsRunning() {
  if (pid_ == kNone) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = kNone;
  return false;
}

void Child::Stop(int signal) {
  if (pid_ == kNone) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = kNone;
}

}  // namespace berth::harness
