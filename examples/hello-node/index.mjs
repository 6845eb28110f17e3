// A function as anybody writes it for AWS Lambda.
export const handler = async (event, context) => {
  console.log("handling", context.awsRequestId);
  if (event.fail) throw new RangeError("asked to fail");
  return { sum: event.numbers.reduce((a, b) => a + b, 0), node: process.version };
};
