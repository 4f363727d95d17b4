// Ended operations are kept for a while, and no longer.

#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replicas_test.h"

namespace berth::operation {
namespace {

using harness::Eventually;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RetentionTest : public ReplicasTest {};

TEST_F(RetentionTest, DeletesWhatEndedLongAgo) {
  StartReplicas(kPatient, {.keep = seconds(2)}, milliseconds(200));
  work_a_.Open("ended");
  ASSERT_TRUE(Install(*a_, Request("ended", "one")).status.ok());
  Detach(*a_, Request("running", "two"));
  ASSERT_TRUE(Stored(NameOf("ended")));
  EXPECT_TRUE(Eventually([&] { return !Stored(NameOf("ended")); }));
  EXPECT_TRUE(Stored(NameOf("running")));
  // The request_id is free again.
  helm::v1::InstallReleaseRequest again = Request("ended", "one");
  again.set_wait(true);
  again.mutable_run()->set_detach(true);
  const Heard heard = Install(*b_, again);
  ASSERT_EQ(heard.messages.size(), 1u);
  EXPECT_FALSE(heard.messages[0].update().accepted().joined());
}

TEST_F(RetentionTest, KeepsSoManyPerCaller) {
  StartReplicas(kPatient, {.per_caller = 2}, milliseconds(200));
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    work_a_.Open(id);
    ASSERT_TRUE(Install(*a_, Request(id)).status.ok());
    std::this_thread::sleep_for(milliseconds(1100));  // ends are recorded in seconds
  }
  EXPECT_TRUE(Eventually([&] { return !Stored(NameOf("r1")) && !Stored(NameOf("r2")); }));
  EXPECT_TRUE(Stored(NameOf("r3")));
  EXPECT_TRUE(Stored(NameOf("r4")));
}

}  // namespace
}  // namespace berth::operation
