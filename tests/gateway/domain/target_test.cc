#include "gateway/domain/target.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::PortOf;
using testing::ServiceOf;
using testing::SpecOf;
using testing::Wish;

const ServicePort kHttp{"http", 80, Protocol::kTcp};
const ServicePort kAdmin{"admin", 9000, Protocol::kTcp};
const ServicePort kDns{"dns", 53, Protocol::kUdp};

Target Release() { return *ReleaseName::Parse("shop"); }

Reason ReasonFor(const ExposureSpec& spec, const std::vector<Service>& services) {
  return ReasonOf(ResolveTarget(spec, services).status());
}

TEST(TargetTest, KeepsTheWayAPortIsNamed) {
  const std::vector<Service> services = {ServiceOf("web", {kHttp, kAdmin})};
  const auto resolved = ResolveTarget(
      SpecOf({Wish("a", PortOf(80)), Wish("b", *PortName::Parse("admin"))}), services);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->ports.at(*EntryName::Parse("a")), ServicePortRef(PortOf(80)));
  EXPECT_EQ(resolved->ports.at(*EntryName::Parse("b")), ServicePortRef(*PortName::Parse("admin")));
}

TEST(TargetTest, FindsTheOnlyPortOfTheProtocol) {
  const std::vector<Service> services = {ServiceOf("web", {kHttp, kDns})};
  const auto resolved = ResolveTarget(SpecOf({Wish("a", OnlyPort{})}), services);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->ports.at(*EntryName::Parse("a")), ServicePortRef(PortOf(80)));
}

TEST(TargetTest, NeverChoosesBetweenPorts) {
  const auto resolved =
      ResolveTarget(SpecOf({Wish("a", OnlyPort{})}), {ServiceOf("web", {kHttp, kAdmin})});
  EXPECT_EQ(ReasonOf(resolved.status()), Reason::ERROR_REASON_TARGET_AMBIGUOUS);
  EXPECT_EQ(MetadataOf(resolved.status(), "candidates"), "web:80,web:9000");
}

TEST(TargetTest, ToldApartByProtocol) {
  EXPECT_EQ(ReasonFor(SpecOf({Wish("a", PortOf(53))}), {ServiceOf("web", {kDns})}),
            Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
}

TEST(TargetTest, MissesAServiceThatIsNotThere) {
  EXPECT_EQ(ReasonFor(testing::SimpleSpec(), {ServiceOf("other", {kHttp})}),
            Reason::ERROR_REASON_TARGET_NOT_FOUND);
}

TEST(TargetTest, FindsTheServiceOfAReleaseThatHasThePorts) {
  const auto resolved =
      ResolveTarget(SpecOf({Wish("a")}, "edge", Release()),
                    {ServiceOf("alien", {kHttp}), ServiceOf("dns", {kDns}, "shop"),
                     ServiceOf("front", {kHttp}, "shop")});
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->service.str(), "front");
}

TEST(TargetTest, NamesTheCandidatesOfAnAmbiguousRelease) {
  const auto resolved =
      ResolveTarget(SpecOf({Wish("a")}, "edge", Release()),
                    {ServiceOf("one", {kHttp}, "shop"), ServiceOf("two", {kHttp}, "shop")});
  EXPECT_EQ(ReasonOf(resolved.status()), Reason::ERROR_REASON_TARGET_AMBIGUOUS);
  EXPECT_EQ(MetadataOf(resolved.status(), "candidates"), "one,two");
}

TEST(TargetTest, TellsAReleaseWithoutServicesFromOneWithoutThePort) {
  const ExposureSpec spec = SpecOf({Wish("a")}, "edge", Release());
  EXPECT_EQ(ReasonFor(spec, {ServiceOf("web", {kHttp})}), Reason::ERROR_REASON_TARGET_NOT_FOUND);
  EXPECT_EQ(ReasonFor(spec, {ServiceOf("web", {kAdmin}, "shop")}),
            Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
}

}  // namespace
}  // namespace berth::gateway
