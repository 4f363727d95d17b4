#include "gateway/domain/exposure_spec.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::PortOf;
using testing::SpecOf;
using testing::Wish;

absl::Status Refusal(std::vector<PortWish> ports) {
  return ExposureSpec::Create(*ServiceName::Parse("web"), *PoolName::Parse("edge"),
                              std::move(ports))
      .status();
}

TEST(ExposureSpecTest, RefusesNoneAndTooMany) {
  EXPECT_FALSE(Refusal({}).ok());
  std::vector<PortWish> many;
  for (int i = 0; i < 17; ++i) {
    many.push_back(Wish("p" + std::to_string(i)));
  }
  EXPECT_FALSE(Refusal(many).ok());
  many.pop_back();
  EXPECT_TRUE(Refusal(many).ok());
}

TEST(ExposureSpecTest, RefusesTwoEntriesOfOneNameOrOnePort) {
  EXPECT_FALSE(Refusal({Wish("a"), Wish("a")}).ok());
  EXPECT_FALSE(
      Refusal({Wish("a", PortOf(80), PortOf(20000)), Wish("b", PortOf(81), PortOf(20000))}).ok());
}

TEST(ExposureSpecTest, TakesOneNumberOnBothProtocols) {
  EXPECT_TRUE(Refusal({Wish("a", PortOf(53), PortOf(20000)),
                       Wish("b", PortOf(53), PortOf(20000), Protocol::kUdp)})
                  .ok());
}

TEST(ExposureSpecTest, EqualsWhateverTheOrderOfPorts) {
  EXPECT_EQ(SpecOf({Wish("a"), Wish("b")}), SpecOf({Wish("b"), Wish("a")}));
}

TEST(ExposureSpecTest, EveryWishGetsANameOfItsOwn) {
  const std::vector<ExposureSpec> specs = {
      SpecOf({Wish("a")}),
      SpecOf({Wish("b")}),
      SpecOf({Wish("a")}, "other"),
      SpecOf({Wish("a", PortOf(81))}),
      SpecOf({Wish("a", OnlyPort{})}),
      SpecOf({Wish("a", PortOf(80), PortOf(20000))}),
      SpecOf({Wish("a", PortOf(80), std::nullopt, Protocol::kUdp)}),
      SpecOf({Wish("a")}, "edge", *ReleaseName::Parse("web")),
  };
  std::set<std::string> names;
  for (const ExposureSpec& spec : specs) {
    names.insert(DerivedName(spec).str());
  }
  EXPECT_EQ(names.size(), specs.size());
  EXPECT_EQ(DerivedName(specs[0]), DerivedName(SpecOf({Wish("a")})));
}

TEST(ExposureSpecTest, DerivedNamesFitIntoALabel) {
  const Target target = *ServiceName::Parse(std::string(39, 'a') + "-" + std::string(20, 'b'));
  const std::string name = DerivedName(SpecOf({Wish("a")}, "edge", target)).str();
  EXPECT_LE(name.size(), 63u);
  EXPECT_EQ(name.substr(0, 40), std::string(39, 'a') + "-");
  EXPECT_NE(name[40], '-');
}

TEST(ExposureSpecTest, OwnersOfLongNamesDifferAndFit) {
  const std::string base(252, 'a');
  const ExposureKey one{*Namespace::Parse("shop"), *ExposureName::Parse(base + "b")};
  const ExposureKey other{*Namespace::Parse("shop"), *ExposureName::Parse(base + "c")};
  EXPECT_EQ(ClaimOwner(testing::Key()), "shop/web");
  EXPECT_EQ(ClaimOwner(one).size(), 253u);
  EXPECT_NE(ClaimOwner(one), ClaimOwner(other));
}

}  // namespace
}  // namespace berth::gateway
