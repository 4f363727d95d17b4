#include "common/operation/expired_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace berth::operation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const kube::Time kNow = *kube::ParseTime("2026-01-02T03:04:05Z");
const Retention kRetention{.keep = hours(24), .per_caller = 3};

Record Live(const std::string& request_id, const std::string& caller = "ann",
            const std::string& parent = "") {
  return Record::New(
      "berth", "helm-service",
      {.method = "s/m", .caller = caller, .request_id = request_id, .parent = parent}, {},
      {.lease = "l"});
}

Record EndedAgo(seconds ago, const std::string& request_id, const std::string& caller = "ann",
                const std::string& parent = "") {
  Record record = Live(request_id, caller, parent);
  record.set_ended(google::protobuf::Any(), 1, kNow - ago);
  return record;
}

std::vector<std::string> Expired(const std::vector<Record>& all) {
  std::vector<std::string> ids;
  for (const Record& record : ExpiredRecords(all, kRetention, kNow)) {
    ids.push_back(record.spec().request_id);
  }
  return ids;
}

TEST(ExpiredRecordsTest, DropsWhatEndedLongAgo) {
  EXPECT_THAT(Expired({EndedAgo(hours(23), "new"), EndedAgo(hours(25), "old")}),
              ElementsAre("old"));
}

TEST(ExpiredRecordsTest, DropsTheOldestOfACallerWithTooMany) {
  EXPECT_THAT(
      Expired({EndedAgo(seconds(1), "1"), EndedAgo(seconds(4), "4"), EndedAgo(seconds(2), "2"),
               EndedAgo(seconds(3), "3"), EndedAgo(seconds(9), "other", "bob")}),
      ElementsAre("4"));
}

TEST(ExpiredRecordsTest, NeverDropsWhatHasNotEnded) {
  EXPECT_THAT(Expired({Live("1"), Live("2"), Live("3"), Live("4")}), IsEmpty());
}

TEST(ExpiredRecordsTest, KeepsAStepAsLongAsItsParent) {
  const Record parent = EndedAgo(hours(25), "parent");
  const Record child = EndedAgo(hours(25), "child", "gateway", parent.name());
  EXPECT_THAT(Expired({parent, child}), ElementsAre("parent"));
  EXPECT_THAT(Expired({child}), ElementsAre("child"));
}

}  // namespace
}  // namespace berth::operation
