export function TrustView() {
  return <h1>Trust</h1>;
}
