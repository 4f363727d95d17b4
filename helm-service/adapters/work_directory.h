#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/unique_fd.h"

namespace berth::helm {

/// A private folder (0700) for one Helm process, removed with all that is in it when destroyed.
class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  std::string PathOf(std::string_view name) const { return (path_ / name).string(); }

  absl::Status MakeFolder(std::string_view name) const;
  /// Writes a file that only this process' user may read.
  absl::Status WriteFile(std::string_view name, std::string_view content) const;

 private:
  const std::filesystem::path path_;
};

/// Where run directories are made: a folder of this process' own below a root that other, also
/// dead, processes may share. Thread safe; outlives its run directories.
class WorkDirectory {
 public:
  /// Makes `root` if need be, removes what dead processes left there, and locks a folder of its
  /// own. Errors: with errno's text and the path.
  static absl::StatusOr<std::unique_ptr<WorkDirectory>> Open(const std::string& root);

  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;

  absl::StatusOr<std::shared_ptr<RunDirectory>> MakeRun();

  /// Where something that all runs share may be kept; goes with this.
  std::string SharedPathOf(std::string_view name) const {
    return (own_ / "shared" / name).string();
  }

 private:
  WorkDirectory(std::filesystem::path own, process::UniqueFd lock)
      : own_(std::move(own)), lock_(std::move(lock)) {}

  const std::filesystem::path own_;
  const process::UniqueFd lock_;  // flock on own_: whoever gets it knows that we are dead
  std::atomic<std::uint64_t> next_run_ = 1;
};

}  // namespace berth::helm
