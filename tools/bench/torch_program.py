"""The reference program in PyTorch, as its tutorials write it: torchvision's dataset and transforms, DataLoader, 5
epochs of training with a test after each.

    torch_program.py ROOT [EPOCHS [IMAGES]]   ROOT/FashionMNIST/raw holds the four files, unpacked
"""
import sys

import torch
from torch import nn
from torchvision import datasets, transforms

from networks import Reference


def train(net, loader, loss_fn, optimizer, device):
    net.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = loss_fn(net(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def test(net, loader, loss_fn, device):
    net.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = net(images)
            total += loss_fn(output, labels).item()
            correct += (output.argmax(1) == labels).sum().item()
    return total / len(loader), correct / len(loader.dataset)


def main():
    root = sys.argv[1]
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    images = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train_data = datasets.FashionMNIST(root, train=True, transform=transform)
    test_data = datasets.FashionMNIST(root, train=False, transform=transform)
    if images:
        train_data = torch.utils.data.Subset(train_data, range(images))
    train_loader = torch.utils.data.DataLoader(train_data, batch_size=100, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test_data, batch_size=100, shuffle=True)
    net = Reference().to(device)
    loss_fn = nn.NLLLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    for epoch in range(epochs):
        train_loss = train(net, train_loader, loss_fn, optimizer, device)
        test_loss, accuracy = test(net, test_loader, loss_fn, device)
        print(f"epoch {epoch + 1}/{epochs}  train loss {train_loss:.4f}  test loss {test_loss:.4f}  "
              f"test accuracy {100 * accuracy:.2f} %", flush=True)


if __name__ == "__main__":
    main()
