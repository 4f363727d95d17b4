#include "helm-service/adapters/work_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

namespace fs = std::filesystem;

class WorkDirectoryTest : public ::testing::Test {
 protected:
  WorkDirectoryTest() {
    std::string root = ::testing::TempDir() + "work-XXXXXX";
    root_ = ::mkdtemp(root.data());
  }
  ~WorkDirectoryTest() override { fs::remove_all(root_); }

  std::size_t Entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root_), fs::directory_iterator()));
  }

  static unsigned ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777U;
  }

  std::string root_;
};

TEST_F(WorkDirectoryTest, MakesPrivateFoldersAndFilesAndRemovesThem) {
  const auto work = WorkDirectory::Open(root_ + "/new").value();
  auto run = work->MakeRun().value();
  ASSERT_TRUE(run->MakeFolder("cache").ok());
  ASSERT_TRUE(run->WriteFile("kubeconfig", "secret").ok());
  EXPECT_EQ(ModeOf(run->PathOf("")), 0700U);
  EXPECT_EQ(ModeOf(run->PathOf("cache")), 0700U);
  EXPECT_EQ(ModeOf(run->PathOf("kubeconfig")), 0600U);
  const std::string file = run->PathOf("kubeconfig");
  run.reset();
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(WorkDirectoryTest, NeverWritesOverAFileOrThroughALink) {
  const auto work = WorkDirectory::Open(root_).value();
  const auto run = work->MakeRun().value();
  fs::create_symlink(root_ + "/target", run->PathOf("kubeconfig"));
  EXPECT_TRUE(absl::IsAlreadyExists(run->WriteFile("kubeconfig", "x")));
  EXPECT_FALSE(fs::exists(root_ + "/target"));
}

TEST_F(WorkDirectoryTest, LeavesTheFoldersOfTheLivingAloneAndRemovesThoseOfTheDead) {
  fs::create_directories(root_ + "/helm-dead01/1/data");
  fs::create_directories(root_ + "/somebody-elses");
  const auto first = WorkDirectory::Open(root_).value();
  const auto run = first->MakeRun().value();
  const auto second = WorkDirectory::Open(root_).value();
  EXPECT_FALSE(fs::exists(root_ + "/helm-dead01"));
  EXPECT_TRUE(fs::exists(root_ + "/somebody-elses"));
  EXPECT_TRUE(fs::exists(run->PathOf("")));
}

TEST_F(WorkDirectoryTest, LeavesNothingBehind) {
  { const auto work = WorkDirectory::Open(root_).value(); }
  EXPECT_EQ(Entries(), 0U);
}

TEST_F(WorkDirectoryTest, SaysWhyItCannotBeOpened) {
  std::ofstream(root_ + "/file") << "x";
  EXPECT_FALSE(WorkDirectory::Open(root_ + "/file").ok());
}

}  // namespace
}  // namespace berth::helm
