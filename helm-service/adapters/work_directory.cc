#include "helm-service/adapters/work_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "common/status/macros.h"

namespace berth::helm {
namespace {

namespace fs = std::filesystem;
using process::UniqueFd;

constexpr std::string_view kPrefix = "helm-";

absl::Status ErrnoStatus(const fs::path& path) { return absl::ErrnoToStatus(errno, path.string()); }

absl::Status MakePrivateFolder(const fs::path& path) {
  return ::mkdir(path.c_str(), 0700) == 0 ? absl::OkStatus() : ErrnoStatus(path);
}

// Invalid while its owner lives.
UniqueFd TryLock(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.Reset();
  return fd;
}

void RemoveLeftovers(const fs::path& root) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, error)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const UniqueFd lock = TryLock(entry.path());
    if (lock.valid()) fs::remove_all(entry.path(), error);
  }
}

}  // namespace

RunDirectory::~RunDirectory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

absl::Status RunDirectory::MakeFolder(std::string_view name) const {
  return MakePrivateFolder(path_ / name);
}

absl::Status RunDirectory::WriteFile(std::string_view name, std::string_view content) const {
  const fs::path path = path_ / name;
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(path);
  while (!content.empty()) {
    const ssize_t size = ::write(fd.get(), content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus(path);
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<WorkDirectory>> WorkDirectory::Open(const std::string& root) {
  std::error_code error;
  fs::create_directories(root, error);
  if (error) return absl::ErrnoToStatus(error.value(), root);
  RemoveLeftovers(root);
  std::string own = (fs::path(root) / kPrefix).string() + "XXXXXX";
  if (::mkdtemp(own.data()) == nullptr) return ErrnoStatus(own);
  UniqueFd lock = TryLock(own);
  // Another process that starts now may have taken it for a leftover.
  if (!lock.valid()) return absl::UnavailableError(own + ": taken by another process");
  return std::unique_ptr<WorkDirectory>(new WorkDirectory(std::move(own), std::move(lock)));
}

WorkDirectory::~WorkDirectory() {
  std::error_code error;
  fs::remove_all(own_, error);
}

absl::StatusOr<std::shared_ptr<RunDirectory>> WorkDirectory::MakeRun() {
  const fs::path path = own_ / ("run-" + std::to_string(next_run_++));
  RETURN_IF_ERROR(MakePrivateFolder(path));
  return std::make_shared<RunDirectory>(path);
}

}  // namespace berth::helm
